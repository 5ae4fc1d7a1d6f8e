//! Components on their way into the archive: packed by another thread while there is time, stored with the attempt that needs
//! them.

use super::{Attempt, Backend, BackendError, Claim, tables::archive, transaction::Own};
use crate::alteration::{Checksum, Direction};
use std::sync::Arc;
use tokio::task::spawn_blocking;

impl Backend {
    /// Has another thread prepare what the archive will hold of a component, while there is time.
    pub fn pack_ahead(&mut self, checksum: Checksum, component: Arc<Vec<u8>>) {
        let is_packed = self.packing.as_ref().is_some_and(|(packed, _)| *packed == checksum);
        if !is_packed && self.archived != Some(checksum) {
            self.packing = Some((checksum, spawn_blocking(move || archive::pack(&component))));
        }
    }

    /// What archives the component of an `up`, or of a `down` that is another one than was applied.
    pub(super) async fn archive_up(&mut self, claim: &Claim<'_>) -> Result<Vec<Own>, BackendError> {
        let checksum = claim.attempt.component_checksum;
        let store = self.archiving(claim.attempt, claim.component).await?;
        // A small one is sent without asking.
        if store.len() > 1 && archive::has(&mut *self.shared()?.lock().await, checksum).await? {
            self.is_archived(claim);
            return Ok(Vec::new());
        }
        Ok(store)
    }

    /// What archives a component that is not known to be there. The same each time that it is asked for.
    pub(super) async fn archiving(
        &mut self,
        attempt: &Attempt,
        component: &[u8],
    ) -> Result<Vec<Own>, BackendError> {
        let checksum = attempt.component_checksum;
        // What goes down is there, unless it is another component than the one that was applied.
        let is_there = attempt.direction == Direction::Down && attempt.instead_of.is_none();
        if is_there || self.archived == Some(checksum) {
            return Ok(Vec::new());
        }
        if let Some((packed, store)) = &self.packed
            && *packed == checksum
        {
            return Ok(store.clone());
        }
        let packing = self.packing.take_if(|(packed, _)| *packed == checksum);
        let packing = packing.map(|(_, packing)| packing);
        let store = archive::store(checksum, component, packing).await?;
        if let [_] = store[..] {
            self.packed = Some((checksum, store.clone()));
        }
        Ok(store)
    }

    /// Notes that the component of an attempt is stored. In a rehearsal it will be gone again.
    pub(super) fn is_archived(&mut self, claim: &Claim<'_>) {
        self.packed.take_if(|(packed, _)| *packed == claim.attempt.component_checksum);
        if !self.rehearsing {
            self.archived = Some(claim.attempt.component_checksum);
        }
    }
}
