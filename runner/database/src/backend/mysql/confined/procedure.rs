//! The tables of tickets, and the procedure by which a plugin's session runs the statements of one.
//!
//! The procedure has the rights of the operator's user, who made it. It runs only what that user wrote down beforehand, once,
//! for the session and the login that are named there, and for a caller who knows the nonce. No text of a guest knows it: it is
//! a parameter of a statement that the host prepares. A trigger cannot call the procedure, because it runs prepared
//! statements, which the server refuses there.

use super::super::{MysqlConnection, settings};
use crate::backend::{
    BackendError,
    connection::{Cell, Connection as _, spelled},
    identifier::in_backticks as quote,
};
use sha2::{Digest as _, Sha256};

/// The name of the procedure.
pub(super) const REDEEM: &str = "alteration_redeem";
/// The beginning of its message where a statement did not match the one row that it is about.
pub(super) const MOVED: &str = "runner: moved ";
/// The mode of its body, whatever the operator's session has.
const MODE: &str = "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION";

const ROLE: &str = "CREATE TABLE @role (
        -- The name of the plugin.
        plugin {key} NOT NULL PRIMARY KEY,
        -- The name of its user.
        role {key} NOT NULL,
        -- From where the user may log in.
        host {key} NOT NULL,
        -- 1 while it may log in, else 0.
        is_open {integer} NOT NULL
    )";

const TICKET: &str = "CREATE TABLE @ticket (
        -- Identifies the ticket; drawn at random.
        number {key} NOT NULL,
        -- The place of the statement among those of the ticket, from 0.
        place {integer} NOT NULL,
        -- How many statements the ticket has.
        statements {integer} NOT NULL,
        -- SHA-256 (hexadecimal) of the nonce.
        secret {key} NOT NULL,
        -- The user that may redeem it, and the number of its session.
        login {key} NOT NULL,
        session {integer} NOT NULL,
        -- What runs.
        statement {text} NOT NULL,
        -- 1 if it has to match one row, else 0.
        is_one {integer} NOT NULL,
        -- 1 once it was redeemed, else 0.
        is_done {integer} NOT NULL,
        PRIMARY KEY (number, place)
    )";

impl MysqlConnection {
    /// Makes the tables, and the procedure as this runner has it.
    pub(super) async fn make_tables(&mut self) -> Result<(), BackendError> {
        let found = self.own_tables().await?;
        for (name, table) in [("alteration_role", ROLE), ("alteration_ticket", TICKET)] {
            if !found.contains(name) {
                let statement = spelled(table, self.own_types());
                self.execute_own(&statement, &[]).await?;
            }
        }
        (self.begun, self.has_defined) = (false, false);
        self.make_procedure().await
    }

    async fn make_procedure(&mut self) -> Result<(), BackendError> {
        let user = self.asked("SELECT CURRENT_USER()").await?.unwrap_or_default();
        let database = self.server.database.clone();
        let body = body(&quote(&database));
        let digest = Sha256::new().chain_update(&body).chain_update([0]).chain_update(&user);
        let mark: String =
            digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let known = "SELECT CONVERT(routine_comment USING utf8mb4) FROM information_schema.routines
            WHERE routine_schema = ? AND routine_name = ?";
        let known = self.read_own(known, &[Cell::text(&database), Cell::text(REDEEM)]).await?;
        if known == [[Cell::text(&mark)]] {
            return Ok(());
        }
        let name = format!("{}.{REDEEM}", quote(&database));
        let create = format!(
            "CREATE PROCEDURE {name}(IN asked varchar(255) CHARACTER SET utf8mb4, IN nonce varbinary(255)) \
             MODIFIES SQL DATA SQL SECURITY DEFINER COMMENT '{mark}' {body}"
        );
        let mode = settings::literal(&self.native.sql_mode);
        self.own_text(&format!("DROP PROCEDURE IF EXISTS {name}")).await?;
        self.own_text(&format!("SET SESSION sql_mode = '{MODE}'")).await?;
        let made = self.own_text(&create).await;
        self.own_text(&format!("SET SESSION sql_mode = {mode}")).await?;
        made
    }
}

/// Returns the body of the procedure, in the database with this quoted name.
fn body(database: &str) -> String {
    let of = |place: &str| format!("number = asked COLLATE utf8mb4_bin AND place = {place}");
    let (first, next) = (of("0"), of("at_place"));
    format!(
        "BEGIN
    DECLARE total, at_place, wants_one, matched bigint DEFAULT 0;
    SELECT statements INTO total FROM {database}.alteration_ticket
        WHERE {first} AND is_done = 0 AND session = CONNECTION_ID()
            AND login = CONVERT(SUBSTRING_INDEX(USER(), '@', 1) USING utf8mb4) COLLATE utf8mb4_bin
            AND secret = CONVERT(SHA2(nonce, 256) USING utf8mb4) COLLATE utf8mb4_bin
        FOR UPDATE;
    IF total = 0 THEN
        SIGNAL SQLSTATE '42000' SET MESSAGE_TEXT = 'this session has no such ticket of the runner';
    END IF;
    UPDATE {database}.alteration_ticket SET is_done = 1 WHERE {first};
    WHILE at_place < total DO
        SELECT statement, is_one INTO @alteration_statement, wants_one FROM {database}.alteration_ticket
            WHERE {next} FOR UPDATE;
        PREPARE alteration_statement FROM @alteration_statement;
        EXECUTE alteration_statement;
        SET matched = ROW_COUNT();
        DEALLOCATE PREPARE alteration_statement;
        IF wants_one = 1 AND matched <> 1 THEN
            SET @alteration_statement = CONCAT('{MOVED}', at_place);
            SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = @alteration_statement;
        END IF;
        SET at_place = at_place + 1;
    END WHILE;
    SET @alteration_statement = NULL;
END"
    )
}
