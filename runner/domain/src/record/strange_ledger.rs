//! Tables of a runner that belong to somebody else.

use serde::{Deserialize, Serialize};

/// Tables of a runner that were passed over, because they belong to somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrangeLedger {
    pub schema: String,
    pub owner: String,
}
