//! The tools that come from npm, at work: Prisma, drizzle-kit, Supabase CLI and wrangler, as
//! `tests/scripts/install-peers` installed them; and what stands for Atlas, a Go program that no registry of these tests
//! has: its files' SQL, sent by psql as Atlas would, and its ledger.

use crate::{
    history::{History, Tool},
    peer::program_of,
    support::{self, Sandbox, names, succeed},
};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

pub fn up(history: &History, sandbox: &Sandbox, folder: &Path) {
    match history.tool {
        Tool::Prisma => prisma(sandbox, folder),
        Tool::Drizzle => drizzle(sandbox, folder),
        Tool::Supabase => supabase(sandbox, folder),
        Tool::Wrangler => wrangler(sandbox, folder),
        _ => atlas(sandbox, folder),
    }
}

/// By hand, as their users do it: neither Prisma nor the free Atlas has a command for it.
pub fn down(history: &History, sandbox: &Sandbox, folder: &Path) {
    let mut downs: Vec<String> = match history.tool {
        Tool::Prisma => {
            let files = names(folder).into_iter().map(|name| folder.join(name).join("down.sql"));
            files.filter(|file| file.exists()).map(read).collect()
        }
        _ => {
            let files = names(folder).into_iter().map(|name| read(folder.join(name)));
            let down = |text: String| Some(text.split_once("-- down.sql --\n")?.1.to_owned());
            files.filter_map(down).collect()
        }
    };
    assert_eq!(downs.len(), history.back);
    downs.reverse();
    downs.iter().for_each(|sql| sandbox.sql(sql));
}

/// Its engines for servers would have to be fetched; the one in WebAssembly is in its package, and reaches SQLite through
/// an adapter.
fn prisma(sandbox: &Sandbox, folder: &Path) {
    sandbox.write(
        "prisma/schema.prisma",
        "datasource db {\n provider = \"sqlite\"\n url = \"file:app.db\"\n}\n",
    );
    sandbox.write(
        "prisma.config.ts",
        "import { defineConfig } from 'prisma/config';
         import { PrismaLibSQL } from '@prisma/adapter-libsql';
         export default defineConfig({
             experimental: { adapter: true }, engine: 'js', schema: 'prisma/schema.prisma',
             async adapter() { return new PrismaLibSQL({ url: process.env.APP_URL }); },
         });",
    );
    linked(sandbox, folder, "prisma/migrations");
    succeed(
        command(sandbox, "prisma")
            .args(["migrate", "deploy"])
            .env("APP_URL", format!("file:{}", sandbox.database().display()))
            .env("PRISMA_SCHEMA_ENGINE_BINARY", "/bin/true")
            .env("PRISMA_QUERY_ENGINE_LIBRARY", "/bin/true")
            .env("CHECKPOINT_DISABLE", "1")
            .env("PRISMA_HIDE_UPDATE_MESSAGE", "1"),
    );
}

fn drizzle(sandbox: &Sandbox, folder: &Path) {
    let config = "export default {
        dialect: 'postgresql', out: './drizzle', dbCredentials: { url: process.env.APP_URL },
    };";
    sandbox.write("drizzle.config.ts", config);
    linked(sandbox, folder, "drizzle");
    succeed(command(sandbox, "drizzle-kit").arg("migrate").env("APP_URL", sandbox.url()));
}

fn supabase(sandbox: &Sandbox, folder: &Path) {
    sandbox.write("supabase/config.toml", "project_id = \"app\"\n");
    linked(sandbox, folder, "supabase/migrations");
    let url = sandbox.url();
    let url = format!("{url}{}sslmode=disable", if url.contains('?') { "&" } else { "?" });
    succeed(
        command(sandbox, "supabase")
            .args(["db", "push", "--yes", "--db-url", &url])
            .env("SUPABASE_TELEMETRY_DISABLED", "1"),
    );
}

/// It has a database of its own below its folder, which is then the sandbox's.
fn wrangler(sandbox: &Sandbox, folder: &Path) {
    sandbox.write(
        "wrangler.toml",
        "name = \"app\"\ncompatibility_date = \"2025-01-01\"\n[[d1_databases]]\nbinding = \"DB\"\n\
         database_name = \"app\"\ndatabase_id = \"00000000-0000-0000-0000-000000000000\"\n",
    );
    linked(sandbox, folder, "migrations");
    succeed(
        command(sandbox, "wrangler")
            .args(["d1", "migrations", "apply", "app", "--local"])
            .env("CI", "1")
            .env("WRANGLER_SEND_METRICS", "false"),
    );
    let below = sandbox.path().join(".wrangler/state/v3/d1/miniflare-D1DatabaseObject");
    for name in names(&below).into_iter().filter(|name| !name.starts_with("metadata")) {
        let (_, ending) = name.split_once(".sqlite").expect("a database");
        let to = format!("{}{ending}", sandbox.database().display());
        fs::copy(below.join(&name), to).expect("a file");
    }
}

/// Each file in a transaction unless it says otherwise; then a row for it.
fn atlas(sandbox: &Sandbox, folder: &Path) {
    sandbox.sql(
        "CREATE SCHEMA atlas_schema_revisions;
         CREATE TABLE atlas_schema_revisions.atlas_schema_revisions (version character varying PRIMARY KEY,
             description character varying NOT NULL, type bigint NOT NULL DEFAULT 2, applied bigint NOT NULL,
             total bigint NOT NULL, executed_at timestamptz NOT NULL DEFAULT now(), execution_time bigint NOT NULL DEFAULT 0,
             error text, error_stmt text, hash character varying NOT NULL, partial_hashes jsonb,
             operator_version character varying NOT NULL);
         INSERT INTO atlas_schema_revisions.atlas_schema_revisions
         VALUES ('.atlas_cloud_identifier', 'x', 0, 0, 0, now(), 0, NULL, NULL, 'x', NULL, 'x')",
    );
    for name in names(folder).iter().filter(|name| name.ends_with(".sql")) {
        let whole = read(folder.join(name));
        let first = whole.lines().next().unwrap_or_default();
        let sql = match first.strip_prefix("-- atlas:delimiter ") {
            Some(delimiter) => whole.replace(&delimiter.replace("\\n", "\n"), "\n;\n"),
            None => whole.split("-- down.sql --\n").next().unwrap_or_default().to_owned(),
        };
        sandbox.sql(&match whole.contains("atlas:txmode none\n") {
            true => sql,
            false => format!("BEGIN;\n{sql}\n;COMMIT;"),
        });
        let version = name.trim_end_matches(".sql").split('_').next().unwrap_or_default();
        sandbox.sql(&format!(
            "INSERT INTO atlas_schema_revisions.atlas_schema_revisions (version, description, applied, total, hash,
                 operator_version) VALUES ('{version}', 'x', 1, 1, 'x', 'x')"
        ));
    }
}

/// Puts the history where its tool looks for it.
fn linked(sandbox: &Sandbox, folder: &Path, name: &str) {
    let path = sandbox.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    symlink(folder, path).expect("a link");
    // Where the tools look for what their settings import.
    symlink(peers().join("node_modules"), sandbox.path().join("node_modules")).expect("a link");
}

fn peers() -> PathBuf {
    support::target_folder().join("peers/npm")
}

fn command(sandbox: &Sandbox, program: &str) -> Command {
    let mut command = program_of(sandbox, &peers().join("node_modules/.bin").join(program));
    command.env("HOME", sandbox.path());
    // Debian's own is too old for wrangler.
    let node = support::target_folder().join("logto/node/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = [node].into_iter().chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(paths).expect("folders"));
    command
}

fn read(path: PathBuf) -> String {
    fs::read_to_string(path).expect("a file of the fixture")
}
