//! Bindings generated from `wit/`. The complete world serves every component: the optional
//! exports are looked for one by one.

wasmtime::component::bindgen!({
    path: "wit",
    world: "alteration-complete",
    imports: { default: async | trappable },
    exports: { default: async },
    with: {
        "runner:alteration/database.cursor": crate::state::CursorResource,
        "runner:alteration/database.bulk-writer": crate::state::WriterResource,
    },
    additional_derives: [PartialEq],
});
