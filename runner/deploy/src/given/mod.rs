//! What an operator gives to plugins: permissions, trust, settings. On the command line, in `runner.toml`, or from an
//! application. Pure: what is made of it is decided in `deploy`.

mod grant;
mod levels;
mod setting;
mod trust;

pub(crate) use grant::Name;
pub use grant::{Grant, Grants, ParseGrantError};
pub use levels::Levels;
pub use setting::{ParseSettingError, PluginSettings, Setting, Settings, UnknownSettings};
pub use trust::{ParseTrustError, Powerful, Trust, Trusts};
