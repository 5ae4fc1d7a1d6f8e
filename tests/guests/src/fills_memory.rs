//! Fills 40 MiB of its memory and a static, having looked whether another hook left something there. Works.

use alteration_sdk::prelude::*;
use std::sync::atomic::{AtomicU32, Ordering};

const PAGE_BYTES: usize = 1 << 16;
const PAGES: usize = 640;
const MARK: u32 = 0x6d61_726b;

static MARKED: AtomicU32 = AtomicU32::new(0);

pub(crate) fn up(db: &Database) -> Result<()> {
    let found = MARKED.swap(MARK, Ordering::Relaxed);
    super::expect("a static", found, 0)?;
    let size = core::arch::wasm32::memory_grow::<0>(PAGES);
    super::expect("a memory that grows", size != usize::MAX, true)?;
    // SAFETY: these pages were added just now and are nobody else's; all bits are a number.
    let added = unsafe {
        let start = (size * PAGE_BYTES) as *mut u32;
        core::slice::from_raw_parts_mut(start, PAGES * PAGE_BYTES / size_of::<u32>())
    };
    let left = added.iter().filter(|word| **word != 0).count();
    super::expect("words that were there", left, 0)?;
    added.fill(MARK);
    db.execute("CREATE TABLE IF NOT EXISTS filled (n INTEGER)", params![])?;
    db.execute("INSERT INTO filled VALUES (1)", params![])?;
    Ok(())
}
