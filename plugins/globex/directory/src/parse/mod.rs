//! What people type into forms, made regular: names, e-mails, phone numbers, addresses.
//!
//! Pure functions of trimmed text. `None` means not understood: a wrong card is worse than an empty
//! one.

mod address;
mod email;
mod name;
mod phone;

pub(crate) use address::address;
pub(crate) use email::email;
pub(crate) use name::name;
pub(crate) use phone::phone;
