//! node-pg-migrate: <number>_<name>.sql with `-- Up Migration` and `-- Down Migration`.

use super::{Context, HistoryError, Migration};
use std::path::Path;

pub(super) fn read(_folder: &Path, _context: &Context<'_>) -> Result<Vec<Migration>, HistoryError> {
    Ok(Vec::new())
}
