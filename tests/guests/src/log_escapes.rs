//! Logs control characters and fails with some in its message. The operator's terminal sees none of
//! them.

use alteration_sdk::prelude::*;

pub(crate) fn up(_: &Database) -> Result<()> {
    log::warn!("clear \u{1b}[2J title \u{1b}]0;owned\u{7} c1 \u{9b}31m bell \u{7} return\rforged");
    log::info!("bidi \u{202e}drawkcab\u{202c} isolate \u{2066}x\u{2069} zero\u{200b}width\u{feff}");
    log::info!("one\ntwo\r\nERROR forged line\u{2028}three\u{0}nul\u{85}next");
    Err("failed \u{1b}[31mred\u{1b}[0m \u{202e}drawkcab\nnext line".into())
}
