//! Each tool's own marks and names, near misses of them, and prose that only looks like them.

use super::*;
use Layout::{
    DbMigrate, Dbmate, Diesel, Flyway, GolangMigrate, Goose, Micrate, Mybatis, NodePgMigrate,
    NpmSqlite, Postgrator, Rambler, Runner, Shmig, Sqitch, SqlMigrate, Tern, Umzug,
};
use std::path::Path;

fn in_up(text: &str) -> Option<(Tool, String)> {
    turn(text, false, Runner, &BTreeSet::new()).map(|turn| (turn.tool, turn.mark))
}

/// As each tool's manual, template or tests write it, and near misses of that.
#[test]
fn a_mark_of_each_tool_is_never_run_as_up() {
    let of = Tool::Layout;
    let table = [
        ("-- +goose Down", of(Goose)),
        ("-- +goose down", of(Goose)),
        ("--+goose Down", of(Goose)),
        ("  -- +goose Down  ", of(Goose)),
        ("--- +goose DOWN", of(Goose)),
        ("-- goose Down", of(Goose)),
        ("-- +migrate Down", of(SqlMigrate)),
        ("-- +migrate Down notransaction", of(SqlMigrate)),
        ("--+migrate down", of(SqlMigrate)),
        ("-- +micrate Down", of(Micrate)),
        ("-- +MICRATE DOWN", of(Micrate)),
        ("-- migrate:down", of(Dbmate)),
        ("--migrate:down", of(Dbmate)),
        ("-- migrate:down transaction:false", of(Dbmate)),
        ("\t-- Migrate: Down", of(Dbmate)),
        ("---- migrate:down", of(Dbmate)),
        ("-- migrate down", of(Dbmate)),
        ("-- rambler down", of(Rambler)),
        ("--rambler Down", of(Rambler)),
        ("-- //@UNDO", of(Mybatis)),
        ("--//@UNDO", of(Mybatis)),
        ("-- // @UNDO", of(Mybatis)),
        ("  --  //  @UNDO of it", of(Mybatis)),
        ("// //@UNDO", of(Mybatis)),
        ("--@UNDO", of(Mybatis)),
        ("---- create above / drop below ----", of(Tern)),
        ("-- Create above / drop below", of(Tern)),
        ("--- create above, drop below ---", of(Tern)),
        ("-- Down Migration", of(NodePgMigrate)),
        ("--- DOWN  migration ---", of(NodePgMigrate)),
        ("--down migration", of(NodePgMigrate)),
        ("-- Down", of(NpmSqlite)),
        ("-- DOWN", of(NpmSqlite)),
        ("--down", of(NpmSqlite)),
        ("-- ==== DOWN ====", of(Shmig)),
        ("--====down====", Tool::Some),
        ("# --- !Downs", Tool::Named("Play")),
        ("-- !Downs", Tool::Named("Play")),
        ("-- ---------- MIGRONDI:DOWN:1586550686936 ----------", Tool::Named("Migrondi")),
        ("-- MONDI:DOWN", Tool::Named("Migrondi")),
        ("-- +mytool Down", Tool::Some),
        ("--- Down ---", Tool::Some),
        ("-- @DOWN", Tool::Some),
        ("-- {{down}}", Tool::Some),
        ("-- [Down]", Tool::Some),
        ("-- !DOWN", Tool::Some),
        ("-- Down:", Tool::Some),
        ("-- direction: down", Tool::Some),
        ("-- rollback:", Tool::Some),
        ("-- Rollback", Tool::Some),
        ("-- ROLL BACK", Tool::Some),
        ("-- Revert", Tool::Some),
        ("-- Undo", Tool::Some),
        ("-- Rollback script", Tool::Some),
        ("-- section: down", Tool::Some),
        ("/* Down */", Tool::Some),
        ("-- Down 0001", of(NpmSqlite)),
        ("-- Down / Rollback", Tool::Some),
        ("-- DownMigration", Tool::Some),
        ("-- UNDO MIGRATION 1", Tool::Some),
        ("-- Rollback migration 0001", Tool::Some),
        ("-- Migration 1 down", Tool::Some),
        ("-- 2. Down", Tool::Some),
        ("-- def down():", Tool::Some),
        ("-- Backward", Tool::Some),
        ("-- Backwards", Tool::Some),
        ("-- Backout", Tool::Some),
        ("-- Teardown", Tool::Some),
        ("/* ===== ROLLBACK ===== */", Tool::Some),
        ("# down", Tool::Some),
    ];
    for (mark, tool) in table {
        let found = Some((tool, mark.trim().to_owned()));
        for end in ["\n", "\r\n"] {
            let rest = format!("{mark}{end}DROP TABLE a;{end}");
            assert_eq!(in_up(&format!("CREATE TABLE a (x int);{end}{rest}")), found, "{mark}");
            // Without a `;` before it, and before all else.
            assert_eq!(in_up(&format!("CREATE TABLE a (x int){end}{rest}")), found, "{mark}");
            assert_eq!(in_up(&rest), found, "{mark}");
            assert_eq!(in_up(&format!("\n{rest}-- Up\nCREATE TABLE a (x int);")), found, "{mark}");
        }
    }
}

/// A sentence can begin so; what it stands before and behind decides.
#[test]
fn words_behind_a_mark() {
    let of = Tool::Layout;
    let table = [
        ("-- Down Migration: drops it", of(NodePgMigrate)),
        ("-- Down migration for a", of(NodePgMigrate)),
        ("-- Down Migration (drop it)", of(NodePgMigrate)),
        ("-- migrate down: drops it", of(Dbmate)),
        ("-- Down: drops it", of(NpmSqlite)),
        ("-- Down, which drops it", of(NpmSqlite)),
        ("-- Rollback of 0001_a", Tool::Some),
        ("-- Roll back the table", Tool::Some),
        ("-- REVERT CHANGES", Tool::Some),
        ("-- To undo this, run", Tool::Some),
        ("/* Rollback plan */", Tool::Some),
    ];
    let behind = [
        "DROP TABLE a;",
        "delete from a;",
        "TRUNCATE a;",
        "ALTER TABLE a DROP x;",
        "BEGIN;\nDROP TABLE a;\nCOMMIT;",
    ];
    for (mark, tool) in table {
        let found = Some((tool, mark.to_owned()));
        for sql in behind {
            let both = format!("CREATE TABLE a (x int);\n{mark}\n{sql}\n");
            assert_eq!(in_up(&both), found, "{both}");
        }
        let unended = format!("CREATE TABLE a (x int)\n{mark}\nDROP TABLE a;");
        assert_eq!(in_up(&unended), found, "{mark}");
        let with_up = format!("-- Up\nCREATE TABLE a (x int);\n{mark}\nUPDATE b SET x = 1;");
        assert_eq!(in_up(&with_up), found, "{mark}");
        // What is made behind it, what is all there is, and SQL in comments.
        for text in [
            format!("CREATE TABLE a (x int);\n{mark}\nCREATE TABLE b (x int);\nDROP TABLE c;"),
            format!("{mark}\nDROP TABLE a;"),
            format!("CREATE TABLE a (x int);\n{mark}\n--   DROP TABLE a;\nDROP TABLE b;"),
        ] {
            assert_eq!(in_up(&text), None, "{text}");
        }
    }
    let prose = "CREATE TABLE a (x int);\n-- Backwards compatible: nobody reads it\nDROP TABLE b;";
    assert_eq!(in_up(prose), None);
}

#[test]
fn what_goes_forward_is_never_run_on_the_way_back() {
    let table = [
        ("-- +goose Up", Goose),
        ("-- +migrate Up", SqlMigrate),
        ("-- +micrate Up", Micrate),
        ("-- migrate:up", Dbmate),
        ("-- rambler up", Rambler),
        ("-- Up Migration", NodePgMigrate),
        ("-- Up", NpmSqlite),
        ("-- ====  UP  ====", Shmig),
    ];
    for (mark, layout) in table {
        let text = format!("DROP TABLE a;\n{mark}\nCREATE TABLE a (x int);\n");
        let found = turn(&text, true, Runner, &BTreeSet::new());
        assert_eq!(found.map(|turn| turn.tool), Some(Tool::Layout(layout)), "{mark}");
        assert_eq!(in_up(&text), None, "{mark}");
    }
    assert_eq!(turn("-- Down\nDROP TABLE a;", true, Runner, &BTreeSet::new()), None);
}

#[test]
fn prose_is_no_mark() {
    let table = [
        "-- Down the road we split this table",
        "-- down payments",
        "-- Rollback is not needed",
        "-- rollback drop table a",
        "-- undo log of each account",
        "-- migrate down payments to orders",
        "-- Down migration is not possible",
        "-- revert the default of 2019",
        "-- slow down",
        "-- an email to say: the site is down",
        "SELECT 1; -- Down",
        "SELECT '-- Down';",
        "-- step 2",
        "-- down, then up again, then down once more, and so on and on and on and on",
        "-- Breakdown",
        "-- Up",
        "-- migrate:up",
    ];
    for line in table {
        assert_eq!(in_up(&format!("{line}\nDROP TABLE a;\n")), None, "{line}");
    }
}

/// Nothing is run behind it, or it is no comment of the file's own.
#[test]
fn what_only_looks_like_a_mark() {
    let table = [
        "CREATE TABLE a (x int);\n-- Down\n",
        "CREATE TABLE a (x int);\n-- Down\n-- DROP TABLE a;\n",
        "CREATE TABLE a (x int);\n/*\n-- Down\nDROP TABLE a;\n*/\nSELECT 1;",
        "/*\n-- +goose Down\nDROP TABLE a;\n*/\nCREATE TABLE a (x int);",
        "INSERT INTO pages VALUES ('how to\n-- migrate:down\nDROP TABLE a;\n');\nSELECT 1;",
        "CREATE FUNCTION f() RETURNS void AS $$\nBEGIN\n-- rollback\nDELETE FROM a;\nEND $$ LANGUAGE plpgsql;",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n-- Undo\nDELETE FROM a;\nEND;\nSELECT 1;",
        "DELIMITER //\nCREATE PROCEDURE p()\nBEGIN\n-- Rollback\nDELETE FROM a;\nEND //\nDELIMITER ;\nSELECT 1;",
        "CREATE PROCEDURE p()\nBEGIN\n  DELETE FROM a;\n  -- Rollback\n  DELETE FROM b;\nEND;\nSELECT 1;",
        "CREATE TABLE hosts (\n  -- up\n  up int,\n  -- down\n  down int\n);",
        // The head of a comment that says how to take it back.
        "-- Rollback:\n--   DROP TABLE a;\n\nCREATE TABLE a (x int);",
    ];
    for text in table {
        assert_eq!(in_up(text), None, "{text}");
    }
    let up_as_well = "-- Down\n-- DROP TABLE b;\nDROP TABLE a;\n-- Up\nCREATE TABLE a (x int);";
    assert!(in_up(up_as_well).is_some());
    for text in [
        "CREATE PROCEDURE p()\nBEGIN\n  DELETE FROM a;\nEND;\n-- Down\nDROP PROCEDURE p;",
        "CREATE FUNCTION f() RETURNS int AS $$ BEGIN IF x THEN RETURN 1; END IF; END $$ LANGUAGE plpgsql;\n-- Down\nDROP FUNCTION f;",
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; END;\n-- Down\nDROP TRIGGER t;",
        "INSERT INTO a VALUES ('it\\'s'), ('b\\'s');\n-- Down\nDELETE FROM a;",
    ] {
        assert!(in_up(text).is_some(), "{text}");
    }
    // To no dialect it is SQL; then the line decides.
    assert!(in_up("SELECT 'it\n-- Down\nDROP TABLE a;").is_some());
}

#[test]
fn rollbacks_of_liquibase_are_not_lost() {
    let text = "--liquibase formatted sql\n--changeset ada:1\nCREATE TABLE a (x int);\n--rollback DROP TABLE a;\n";
    assert_eq!(in_up(text).unwrap().0, Tool::Layout(Layout::Liquibase));
    assert_eq!(turn(text, false, Layout::Liquibase, &BTreeSet::new()), None);
    assert_eq!(tool_by_mark(text), Some(Layout::Liquibase));
}

#[test]
fn whose_file_it_is() {
    let table = [
        ("-- +goose NO TRANSACTION\n-- +goose Up\nA;", Some(Goose)),
        ("-- migrate:up\nA;", Some(Dbmate)),
        ("-- +migrate Up\nA;", Some(SqlMigrate)),
        ("-- rambler up\nA;", Some(Rambler)),
        ("-- ====  UP  ====\nBEGIN;", Some(Shmig)),
        ("---- tern: disable-tx ----\nA;", Some(Tern)),
        ("A;\n---- create above / drop below ----\nB;", Some(Tern)),
        ("-- // First migration.\nA;\n-- //@UNDO\nB;", Some(Mybatis)),
        ("-- Down\nB;", None),
    ];
    for (text, layout) in table {
        assert_eq!(tool_by_mark(text), layout, "{text}");
    }
    let any = BTreeSet::new();
    assert_eq!(tool_by_word("-- Up\nA;\n-- Down\nB;", &any), Some(NpmSqlite));
    assert_eq!(
        tool_by_word("-- Up Migration\nA;\n-- Down Migration\nB;", &any),
        Some(NodePgMigrate)
    );
    assert_eq!(tool_by_word("-- Up Migration\nA;\n-- Down Migration\n", &any), Some(NodePgMigrate));
    assert_eq!(tool_by_word("A;\n-- Down Migration\n-- DROP TABLE a;\n", &any), None);
    assert_eq!(tool_by_word("-- Rollback\nB;", &any), None);
    assert_eq!(tool_by_word("A;\n-- Down\nB;", &any), Some(NpmSqlite));
    assert_eq!(tool_by_word("-- Up\nA;\n-- Down 0001\nB;", &any), Some(NpmSqlite));
    assert_eq!(tool_by_word("A;\n-- down.sql --\nB;", &any), None);
    // Nothing would go forward, and nobody says that something should.
    assert_eq!(tool_by_word("-- 001: counters\n-- Down\nCREATE TABLE down (id int);", &any), None);
}

#[test]
fn names_of_ways_back() {
    let of = Tool::Layout;
    let table: [(&str, &[&str], Option<Tool>); 27] = [
        ("001.undo.users.sql", &[], Some(of(Postgrator))),
        ("001.undo.sql", &[], Some(of(Postgrator))),
        ("20240101-users.down.sql", &[], Some(of(GolangMigrate))),
        ("1_users.DOWN.sql", &[], Some(of(GolangMigrate))),
        ("001-users.down.1.sql", &[], Some(Tool::Some)),
        ("1_users.down.postgres.sql", &[], Some(Tool::Some)),
        ("1_users.rollback.sql", &[], Some(Tool::Some)),
        ("1_users.revert.sql", &[], Some(Tool::Some)),
        ("1_users.undo.sql", &[], Some(Tool::Some)),
        ("1_users/down.sql", &[], Some(of(Diesel))),
        ("1_users/undo.sql", &[], Some(Tool::Some)),
        ("U1__users.sql", &[], Some(of(Flyway))),
        ("U1.2__users.sql", &[], Some(of(Flyway))),
        ("down/1_users.sql", &[], Some(of(Umzug))),
        ("revert/users.sql", &[], Some(of(Sqitch))),
        ("rollback/1_users.sql", &[], Some(Tool::Some)),
        ("20240101-users-down.sql", &["20240101-users-up.sql"], Some(of(DbMigrate))),
        ("1_add_users_down.sql", &["1_add_users_up.sql"], Some(Tool::Some)),
        ("1_drop_users_down.sql", &["1_add_users_up.sql"], Some(Tool::Some)),
        ("1_users_undo.sql", &["1_users.sql"], Some(Tool::Some)),
        ("users_rollback.sql", &["users.sql"], Some(Tool::Some)),
        ("1-down-users.sql", &["1-up-users.sql"], Some(Tool::Some)),
        ("7_slow_down.sql", &["6_users.sql", "8_up.sql"], None),
        ("7_markdown.sql", &["7_mark.sql"], None),
        ("7_undo_log.sql", &["8_undo_log.sql"], None),
        ("1_users.up.sql", &["1_users.down.sql"], None),
        ("update__users.sql", &[], None),
    ];
    for (name, others, tool) in table {
        let others = others.iter().copied().chain([name]).map(Path::new);
        assert_eq!(down_name(Path::new(name), others), tool, "{name}");
    }
}
