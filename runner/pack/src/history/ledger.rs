//! What the ledgers of other tools call a version, as the ids that `pack` gives to it. Pure.

use super::{
    atlas, liquibase, prisma, sqitch, sql_migrate,
    stamp::{ledger_stamp, ledger_stamps_in_text_order},
    supabase, wrangler,
};
use crate::alteration::{FormerTool, LedgerKey};

/// Returns the alteration that the ledger of `tool` means by `version`. `None` where the tool has no such versions.
pub fn ledger_key(tool: FormerTool, version: &str) -> Option<LedgerKey> {
    match tool {
        FormerTool::Prisma => prisma::ledger_key(version),
        FormerTool::Drizzle => version.parse().ok().map(LedgerKey::Time),
        FormerTool::Supabase => supabase::ledger_key(version),
        FormerTool::Wrangler => wrangler::ledger_key(version),
        FormerTool::Atlas => atlas::ledger_key(version),
        FormerTool::SqlMigrate => sql_migrate::id(version).ok().map(LedgerKey::Id),
        FormerTool::Sqitch => sqitch::ledger_key(version),
        FormerTool::Liquibase => liquibase::ledger_key(version),
        // Where versions are ordered by text, the stamp of one depends on the others.
        FormerTool::Diesel | FormerTool::Dbmate | FormerTool::Rambler | FormerTool::Umzug => {
            let stamps = ledger_stamps_in_text_order(version).into_iter();
            let keys: Vec<_> = stamps.chain(ledger_stamp(version)).map(LedgerKey::Stamp).collect();
            (!keys.is_empty()).then_some(LedgerKey::Any(keys))
        }
        _ => ledger_stamp(version).map(LedgerKey::Stamp),
    }
}
