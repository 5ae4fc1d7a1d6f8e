//! Options that several verbs share, a file for each subject. What only one verb has is in the verb's file.

mod confirmation;
mod database;
mod handed;
mod hooks;
mod limits;
mod lock;
mod lock_file;
mod output;
mod run;
mod target;

pub(super) use confirmation::{Allow, yes};
pub(super) use database::{ConfigArgs, Database, Offer};
pub(super) use handed::{ConfineArgs, HandedArgs, RenameArgs, SettingArgs, TrustArgs};
pub(super) use hooks::{Cache, CacheFolder, HookArgs};
pub(super) use lock::Lock;
pub(super) use lock_file::LockFileArgs;
pub(super) use output::{Format, Output, Style};
pub(super) use run::RunArgs;
pub(super) use target::{BoundArgs, PolicyArgs, TargetArgs};
