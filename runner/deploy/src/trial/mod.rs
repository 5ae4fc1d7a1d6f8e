//! Tests alterations on a scratch database: each goes up, down and up again, and must come back.
//!
//! ```text
//! run       one alteration after the other, from where progress is on
//! tester    one of them: its passes through the apply loop, its check, the looks between
//! picture   what a database holds, rows included; difference: what of two pictures is not the same
//! ground    scratch databases; tested: one alteration's result; options: what to test
//! ```
//!
//! Every hook runs through the one apply loop, as in a deploy. Prints nothing.

mod difference;
mod ground;
mod options;
mod picture;
mod progress;
mod rows;
mod tested;
mod tester;

pub use difference::{Difference, LineChange, RowChange, RowCounts};
pub use options::{RowFiles, TestOptions};
pub use picture::{ColumnName, ParseColumnError};
pub use tested::{After, Declare, Failure, NotTested, Pass, Tested, Verdict};

pub(crate) use difference::{added_rows, between};
pub(crate) use ground::{Ground, Script, prepare};
pub(crate) use picture::{Picture, PictureError};
pub(crate) use progress::Progress;

use crate::{
    alteration::{AlterationKey, Catalog, Dialect, Direction},
    backend::Backend,
    deploy::Control,
    error::Error,
    host::Host,
    plan::Plan,
};
use serde::Serialize;
use std::collections::BTreeMap;
use tester::{Tester, blamed};

/// The result of a test.
#[derive(Debug, Clone, Serialize)]
pub struct Trial {
    /// The server's kind, as the server says.
    pub dialect: Dialect,
    /// The outcome over all alterations.
    pub outcome: Outcome,
    /// Alterations that were tested.
    pub alterations: Vec<Tested>,
    /// The first hook that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Every hook that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    /// The number of alterations that were not tested, because they need one that failed.
    pub left: usize,
    /// Alterations that were not tested, each with the one that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_tested: Vec<NotTested>,
    /// Alterations that the target does not include.
    pub skipped: usize,
    /// Alterations that only other databases need.
    #[serde(skip_serializing_if = "is_zero")]
    pub elsewhere: usize,
    /// The time that the test took, in milliseconds.
    pub duration_ms: u64,
    /// The scratch database, where it is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scratch: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All came back as it was.
    Passed,
    /// An alteration left something behind, or did not bring it back.
    Differs,
    /// A hook failed.
    Failed,
    /// The target includes no alteration at all.
    NothingTested,
}

/// Where a test stopped: at its end, or before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Went {
    ToTheEnd,
    /// Something is left behind that others must not see: it goes on with a database that is made anew.
    NeedsAnother,
}

/// Tests what `plan` says, one alteration after the other, on the prepared `backend`, from where `progress` is on. One that
/// fails keeps only those from being tested that need it.
pub(crate) async fn run(
    catalog: &Catalog,
    (plan, rows): (&Plan, &BTreeMap<AlterationKey, Script>),
    options: &TestOptions,
    backend: &mut Backend,
    (host, control): (&Host, &Control),
    progress: &mut Progress<'_>,
) -> Result<Went, Error> {
    let mut tester = Tester { catalog, options, backend, host, control };
    for key in progress.up.clone() {
        if let Some(script) = rows.get(&key) {
            script.run(tester.backend, control).await?;
        }
        // It went up before.
        if let Err(error) = tester.run(&key, Direction::Up).await {
            progress.failures.push(blamed(error, &key, Direction::Up, true)?);
            progress.give_up(plan);
            return Ok(Went::ToTheEnd);
        }
    }
    let mut before = tester.picture().await?.map_err(PictureError::unblamed)?;
    let is_tested = |key| options.only.as_ref().is_none_or(|only| only.contains(key));
    progress.leave_out(plan, catalog);
    while let Some(step) = plan.steps.get(progress.next) {
        progress.next += 1;
        let key = &step.key;
        if let Some(script) = rows.get(key) {
            script.run(tester.backend, control).await?;
            before = tester.picture().await?.map_err(PictureError::unblamed)?;
        }
        let ended = match is_tested(key) {
            false => match tester.run(key, Direction::Up).await {
                Ok(_) => Ok(tester.picture().await?.map_err(PictureError::unblamed)?),
                Err(error) => Err(blamed(error, key, Direction::Up, false)?),
            },
            true => {
                let (tested, ended) = tester.test(key, step.irreversible, before).await?;
                progress.add(tested);
                ended
            }
        };
        let goes_up = match &ended {
            Ok(_) => true,
            Err(failure) => failure.direction == Direction::Down || failure.again,
        };
        match goes_up {
            true => progress.up.push(key.clone()),
            false => drop(progress.broken.insert(key.plugin.clone(), key.clone())),
        }
        progress.leave_out(plan, catalog);
        match ended {
            Ok(after) => before = after,
            Err(failure) => {
                progress.failures.push(failure);
                if progress.next == plan.steps.len() {
                    break;
                }
                if !tester.is_clean(key, goes_up).await? {
                    return Ok(Went::NeedsAnother);
                }
                before = tester.picture().await?.map_err(PictureError::unblamed)?;
            }
        }
    }
    Ok(Went::ToTheEnd)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}
