//! Applied drafts that a deploy is offered as releases: the mark in their records goes, and nothing runs.
//!
//! Without that they would be taken down, with their rows, where drafts are allowed and the vendor ships them otherwise later.

use super::Work;
use crate::{
    alteration::AlterationKey,
    backend::{Backend, BackendError, Revision, Snapshot},
    crash,
    error::Error,
    event::Event,
};

impl Work<'_> {
    /// Records that `keys` of `snapshot` are released. `None` where the ledger has to be read anew after that.
    pub(super) async fn release(
        &mut self,
        backend: &mut Backend,
        keys: &[AlterationKey],
        snapshot: &Snapshot,
    ) -> Result<Option<Revision>, Error> {
        let revision = snapshot.revision.ok_or(BackendError::Moved)?;
        let drafts: Vec<_> = keys.iter().filter_map(|key| snapshot.rows.get(key)).collect();
        crash::point("before drafts are released");
        let next = match backend.record_released(&drafts, revision).await {
            Err(BackendError::Disconnected(reason)) => {
                if !backend.look_after_releasing(&drafts).await? {
                    return Err(BackendError::Disconnected(reason).into());
                }
                None
            }
            recorded => Some(recorded?),
        };
        for key in keys {
            (self.control.observer)(Event::Released { key });
        }
        self.report.released.extend(keys.iter().cloned());
        crash::point("after drafts were released");
        Ok(next)
    }
}
