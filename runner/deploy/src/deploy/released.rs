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

#[cfg(test)]
mod tests {
    use crate::{alteration::Checksum, pack::draft::mark, source};
    use std::fs;

    #[test]
    fn a_draft_has_the_checksum_that_it_keeps_when_it_is_released() {
        let plain = b"\0asm\x0d\0\x01\0";
        let marked = mark(plain).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("acme/shop/1-x.wasm");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, &marked).unwrap();
        let read = || source::read(&[folder.path().to_owned()], 1 << 20).unwrap();
        let catalog = read();
        let draft = catalog.iter().next().unwrap();
        assert!(draft.draft);
        assert_eq!(draft.checksum, Checksum::of(plain));
        assert_eq!(draft.component_checksum, Checksum::of(&marked));
        fs::write(&file, plain).unwrap();
        let catalog = read();
        let released = catalog.iter().next().unwrap();
        assert!(!released.draft);
        let checksums = (released.checksum, released.component_checksum);
        assert_eq!(checksums, (draft.checksum, draft.checksum));
        let doubled = [&marked[..], &marked[plain.len()..]].concat();
        fs::write(&file, doubled).unwrap();
        let error = source::read(&[folder.path().to_owned()], 1 << 20).unwrap_err().to_string();
        assert!(error.contains("1-x.wasm") && error.contains("more than one"), "{error}");
    }
}
