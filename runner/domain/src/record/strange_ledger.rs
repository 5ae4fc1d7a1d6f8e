//! Tables of a runner that belong to somebody else.

use serde::{Deserialize, Serialize};

/// Tables of a runner that were passed over, because they belong to somebody else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrangeLedger {
    /// The schema that has them.
    pub schema: String,
    /// The role that owns them.
    pub owner: String,
}
