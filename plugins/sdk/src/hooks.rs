//! The hooks an author implements, and how the host's calls reach them.
//!
//! Talks to `bindings`. The traits here take references and the crate's own error; the generated
//! ones, which take what crosses the boundary, are implemented for every author's type.

use crate::{Database, Result, bindings, log, raw};
use std::sync::Once;

/// The hooks of an alteration. Each runs in a transaction of the host where the database's
/// schema changes are transactional: with its return of `Ok` everything is committed together with
/// the record that it was applied, with `Err` nothing is.
pub trait Alteration {
    /// Applies the alteration named by its id.
    fn up(db: &Database, alteration: &str) -> Result<()>;

    /// Takes back what `up` did.
    fn down(db: &Database, alteration: &str) -> Result<()>;
}

/// Hooks that run before `up` and `down`, outside any transaction, for statements that refuse to
/// run inside one (`CREATE INDEX CONCURRENTLY`).
///
/// The host journals each call, and after a crash replays the hook: write it so that the
/// same input always makes the same calls.
pub trait Preparation {
    /// Runs before [`Alteration::up`].
    fn before_up(db: &Database, alteration: &str) -> Result<()>;

    /// Runs before [`Alteration::down`].
    fn before_down(db: &Database, alteration: &str) -> Result<()>;
}

/// Moves data in small steps, each in its own short transaction, while the application runs.
///
/// After [`Alteration::up`] the host calls [`Backfill::step`] until it returns [`Step::Finished`].
/// The operator may interrupt it between two steps; the next deploy goes on with the last state.
///
/// ```
/// use alteration_sdk::prelude::*;
///
/// struct Mine;
/// # impl Alteration for Mine {
/// #     fn up(_: &Database, _: &str) -> Result<()> { Ok(()) }
/// #     fn down(_: &Database, _: &str) -> Result<()> { Ok(()) }
/// # }
///
/// impl Backfill for Mine {
///     fn step(db: &Database, _alteration: &str, state: Option<&[u8]>) -> Result<Step> {
///         // By key, so that a step reads no row that an earlier one has done.
///         let last = match state {
///             Some(state) => i64::from_le_bytes(state.try_into()?),
///             None => 0,
///         };
///         let end: Option<i64> = db.query_one(
///             &format!("SELECT max(id) FROM
///                 (SELECT id FROM orders WHERE id > {last} ORDER BY id LIMIT 1000) AS next"),
///             params![],
///         )?;
///         let Some(end) = end else { return Ok(Step::Finished) };
///         db.execute(
///             &format!("UPDATE orders SET net_cents = total_cents * 100 / 119
///                 WHERE id > {last} AND id <= {end}"),
///             params![],
///         )?;
///         // The key says about how far it is; counting the rows would take longer than the step.
///         Ok(Step::More { state: end.to_le_bytes().into(), done: end as u64, total: None })
///     }
/// }
///
/// alteration!(Mine, backfill);
/// # fn main() {}
/// ```
pub trait Backfill {
    /// Does one step. `state` is what the step before returned, `None` at the first; the
    /// host stores it in the same transaction as the step's writes.
    fn step(db: &Database, alteration: &str, state: Option<&[u8]>) -> Result<Step>;
}

/// What a step of a [`Backfill`] says about the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// There is more to do.
    More {
        /// Handed to the next step, for example the last key that was seen.
        state: Vec<u8>,
        /// Rows done so far, for the operator's progress bar.
        done: u64,
        /// Rows in all, where known.
        total: Option<u64>,
    },
    /// Nothing is left to do.
    Finished,
}

type Answer<T = ()> = std::result::Result<T, raw::types::Error>;

fn call<T>(hook: impl FnOnce(&Database) -> Result<T>) -> Answer<T> {
    log_panics();
    hook(&Database::new()).map_err(Into::into)
}

/// A panic ends the component with a bare trap. The hook sends its message to the log first,
/// which is the only place where the operator can read it.
fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| log::error!("{panic}"))));
}

impl<T: Alteration> bindings::hooks::exports::runner::alteration::hooks::Guest for T {
    fn up(alteration: String) -> Answer {
        call(|db| T::up(db, &alteration))
    }

    fn down(alteration: String) -> Answer {
        call(|db| T::down(db, &alteration))
    }
}

impl<T: Preparation> bindings::preparation::exports::runner::alteration::preparation::Guest for T {
    fn before_up(alteration: String) -> Answer {
        call(|db| T::before_up(db, &alteration))
    }

    fn before_down(alteration: String) -> Answer {
        call(|db| T::before_down(db, &alteration))
    }
}

mod wit {
    pub(super) use crate::bindings::backfill::exports::runner::alteration::backfill::{
        Checkpoint, Guest, StepResult,
    };
}

impl<T: Backfill> wit::Guest for T {
    fn step(alteration: String, state: Option<Vec<u8>>) -> Answer<wit::StepResult> {
        call(|db| T::step(db, &alteration, state.as_deref())).map(|step| match step {
            Step::More { state, done, total } => {
                wit::StepResult::More(wit::Checkpoint { state, done, total })
            }
            Step::Finished => wit::StepResult::Finished,
        })
    }
}

/// Exports a type's hooks from the component; once in a crate.
///
/// `alteration!(Mine)` exports [`Alteration`]; `preparation` and `backfill` after a comma, one of them
/// or both, export [`Preparation`] and [`Backfill`] as well. An example of the latter stands there.
///
/// Built for the machine at hand instead of WebAssembly, it only checks the type, so that
/// unit tests of the rest of the crate run there.
///
/// ```
/// # use alteration_sdk::prelude::*;
/// # struct Mine;
/// # impl Alteration for Mine {
/// #     fn up(_: &Database, _: &str) -> Result<()> { Ok(()) }
/// #     fn down(_: &Database, _: &str) -> Result<()> { Ok(()) }
/// # }
/// impl Preparation for Mine {
///     fn before_up(db: &Database, _alteration: &str) -> Result<()> {
///         db.execute("CREATE INDEX CONCURRENTLY invoices_due ON invoices (due)", params![])?;
///         Ok(())
///     }
///     fn before_down(db: &Database, _alteration: &str) -> Result<()> {
///         db.execute("DROP INDEX CONCURRENTLY invoices_due", params![])?;
///         Ok(())
///     }
/// }
///
/// alteration!(Mine, preparation);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! alteration {
    ($type:ident $(, $group:ident)* $(,)?) => {
        $crate::__export!($type, hooks, Alteration);
        $($crate::alteration!(@$group $type);)*
    };
    (@preparation $type:ident) => { $crate::__export!($type, preparation, Preparation); };
    (@backfill $type:ident) => { $crate::__export!($type, backfill, Backfill); };
    (@$group:ident $type:ident) => {
        compile_error!(concat!(
            "`", stringify!($group), "` is not a group of hooks: `preparation` and `backfill` are"
        ));
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($type:ident, $group:ident, $trait:ident) => {
        const _: fn() = || {
            fn check<T: $crate::$trait>() {}
            check::<$type>();
        };
        #[cfg(target_family = "wasm")]
        const _: () = {
    $crate::bindings::$group::__export_world!($type with_types_in $crate::bindings::$group);
        };
    };
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    struct All;

    impl Alteration for All {
        fn up(_: &Database, _: &str) -> Result<()> {
            Ok(())
        }

        fn down(_: &Database, _: &str) -> Result<()> {
            Ok(())
        }
    }

    impl Preparation for All {
        fn before_up(_: &Database, _: &str) -> Result<()> {
            Ok(())
        }

        fn before_down(_: &Database, _: &str) -> Result<()> {
            Ok(())
        }
    }

    impl Backfill for All {
        fn step(_: &Database, _: &str, _: Option<&[u8]>) -> Result<Step> {
            Ok(Step::Finished)
        }
    }

    /// What the macro takes; what it exports is seen in the guests of the tests.
    #[test]
    fn groups_come_in_either_order() {
        alteration!(All);
        alteration!(All, preparation);
        alteration!(All, backfill,);
        alteration!(All, preparation, backfill);
        alteration!(All, backfill, preparation);
    }
}
