//! The operator's log, and progress.
//!
//! Lines go to the host, which limits and escapes them; nothing is written by the guest itself.

use crate::raw;

pub use raw::log::Level;

/// Logs a line; the macros [`debug!`](debug), [`info!`](info), [`warn!`](warn) and
/// [`error!`](error) format one.
pub fn log(level: Level, message: &str) {
    raw::log::log(level, message);
}

/// Reports progress: `done` of `total` rows, or whatever the hook counts.
///
/// Cheap, but not free: once a batch, not once a row.
pub fn progress(done: u64, total: Option<u64>) {
    raw::log::progress(done, total);
}

macro_rules! level {
    ($hidden:ident as $name:ident, $level:ident, $d:tt) => {
        #[doc(hidden)]
        #[macro_export]
        macro_rules! $hidden {
                    ($d($d argument:tt)*) => {
                        $crate::log::log($crate::log::Level::$level, &format!($d($d argument)*))
                    };
                }

        #[doc = concat!("Logs a line at level ", stringify!($name), ", formatted as by `format!`.")]
        pub use $hidden as $name;
    };
}

level!(__debug as debug, Debug, $);
level!(__info as info, Info, $);
level!(__warn as warn, Warn, $);
level!(__error as error, Error, $);
