//! Statements that run on after their runner is gone: found by a marker that goes before them.
//!
//! How sessions are listed and ended is `sessions.rs`.

/// What goes to the server before a statement, so that a list of sessions shows whose it is.
pub(super) fn comment(marker: &str) -> String {
    // The marker is the runner's own; this keeps it from ever ending the comment.
    let plain: String = marker
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'))
        .collect();
    format!("/* runner:{plain} */ ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_cannot_end_its_comment() {
        assert_eq!(comment("vendor/a-1.2*/ DROP"), "/* runner:vendora-1.2DROP */ ");
    }
}
