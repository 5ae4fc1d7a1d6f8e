//! {{plugin}}: one module for each alteration in `alterations/`, and here what they share.

// An alteration that was released keeps meaning what it meant: rather than change what it uses, add to it.
pub mod slug;

// The modules of `alterations/`, which build.rs found, and what exports them from the component.
include!(concat!(env!("OUT_DIR"), "/alterations.rs"));
