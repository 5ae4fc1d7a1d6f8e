//! The generated bindings of `runner:alteration`: one set of imports, and one world for each group
//! of exports, so that a component exports no more than it implements.
//!
//! Nothing here is written by hand; the rest of the crate gives it a face.

wit_bindgen::generate!({
    world: "imports",
    path: "wit",
    additional_derives: [PartialEq],
    generate_all,
});

pub mod hooks {
    wit_bindgen::generate!({
        world: "hooks-only",
        path: "wit",
        with: { "runner:alteration/types@0.1.0": crate::bindings::runner::alteration::types },
        pub_export_macro: true,
        export_macro_name: "__export_world",
        default_bindings_module: "alteration_sdk::bindings::hooks",
    });
}

pub mod preparation {
    wit_bindgen::generate!({
        world: "preparation-only",
        path: "wit",
        with: { "runner:alteration/types@0.1.0": crate::bindings::runner::alteration::types },
        pub_export_macro: true,
        export_macro_name: "__export_world",
        default_bindings_module: "alteration_sdk::bindings::preparation",
    });
}

pub mod backfill {
    wit_bindgen::generate!({
        world: "backfill-only",
        path: "wit",
        with: { "runner:alteration/types@0.1.0": crate::bindings::runner::alteration::types },
        pub_export_macro: true,
        export_macro_name: "__export_world",
        default_bindings_module: "alteration_sdk::bindings::backfill",
    });
}
