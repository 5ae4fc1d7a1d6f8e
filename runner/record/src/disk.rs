//! What is known of commits that did not wait for the disk: whether a crash of the server may have taken some, and
//! whether somebody has looked since.
//!
//! A crash takes a suffix of the commits, so a commit that waits makes all before it safe.

use super::transaction::Durability;

/// The state of one backend's commits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Disk {
    /// The last commit did not wait.
    is_unflushed: bool,
    /// The connection was lost while that was so: the server may have crashed and lost commits, and the revision that is
    /// known may come again for another state.
    is_in_doubt: bool,
    /// Set until steps that were reported as done have been compared with what is there.
    may_have_lost: bool,
}

impl Disk {
    /// Notes a commit.
    pub(super) fn committed(&mut self, durability: Durability) {
        self.is_unflushed = durability == Durability::Unflushed;
    }

    /// Notes that the connection was lost.
    pub(super) fn disconnected(&mut self) {
        self.is_in_doubt |= self.is_unflushed;
        self.may_have_lost |= self.is_unflushed;
    }

    /// Notes that the state was read anew: plans rest on that.
    pub(super) fn was_read(&mut self) {
        self.is_in_doubt = false;
    }

    /// Notes that the last commit was found on a new connection, so that nothing before it was lost.
    pub(super) fn is_as_committed(&mut self) {
        self.is_in_doubt = false;
        self.may_have_lost = false;
    }

    /// Notes that what was reported as done was compared with what is there.
    pub(super) fn was_compared(&mut self) {
        self.may_have_lost = false;
    }

    /// Notes a commit that waited, so that all before it are on the disk: not where the server may have crashed in
    /// between, nor behind a pooler, which keeps its clients when a server crashes. Returns whether all of them are.
    pub(super) fn flushed(&mut self, may_hide_crashes: bool) -> bool {
        self.may_have_lost |= self.is_unflushed && may_hide_crashes;
        self.is_unflushed = false;
        !self.may_have_lost
    }

    /// Whether commits may be lost, and the state was not read since.
    pub(super) fn is_in_doubt(self) -> bool {
        self.is_in_doubt
    }

    /// Whether the last commits may not be on the disk yet, or were lost for that.
    pub(super) fn is_unsettled(self) -> bool {
        self.is_unflushed || self.may_have_lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unflushed() -> Disk {
        let mut disk = Disk::default();
        disk.committed(Durability::Unflushed);
        disk
    }

    #[test]
    fn a_commit_that_waits_settles_all_before_it() {
        let mut disk = unflushed();
        assert!(disk.is_unsettled() && !disk.is_in_doubt());
        disk.committed(Durability::Flushed);
        assert!(!disk.is_unsettled());
        disk.disconnected();
        assert_eq!(disk, Disk::default());
    }

    #[test]
    fn a_flush_on_the_same_connection_settles() {
        let mut disk = unflushed();
        assert!(disk.flushed(false));
        assert_eq!(disk, Disk::default());
    }

    /// A new connection to a server that crashed flushes what is left.
    #[test]
    fn a_flush_after_a_lost_connection_leaves_a_doubt() {
        let mut disk = unflushed();
        disk.disconnected();
        assert!(disk.is_in_doubt());
        assert!(!disk.flushed(false));
        assert!(disk.is_in_doubt() && disk.is_unsettled());
        disk.was_read();
        assert!(!disk.is_in_doubt() && disk.is_unsettled());
        disk.was_compared();
        assert_eq!(disk, Disk::default());
    }

    #[test]
    fn a_pooler_hides_a_crash() {
        assert!(!unflushed().flushed(true));
        assert!(Disk::default().flushed(true), "nothing could be lost");
    }

    #[test]
    fn the_last_commit_vouches_for_all_before_it() {
        let mut disk = unflushed();
        disk.disconnected();
        disk.is_as_committed();
        assert!(!disk.is_in_doubt());
        assert!(disk.is_unsettled(), "it may not be on the disk itself");
    }
}
