"""Builds the runner and what it is compared with."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
PEERS = TARGET / "bench-peers"
PACKAGES = {
    "/usr/bin/sqlite3": "sqlite3",
    "/usr/bin/psql": "postgresql-client",
    "/usr/include/postgresql/libpq-fe.h": "libpq-dev",
    "/usr/include/sqlite3.h": "libsqlite3-dev",
    "/usr/bin/npm": "npm",
    "/usr/sbin/mariadbd": "mariadb-server",
}
# Package, version, features: released programs in Rust, optimised as their authors ship them.
CRATES = [
    ("sqlx-cli", "0.9.0", "postgres,sqlite,rustls"),
    ("diesel_cli", "2.3.14", "postgres,sqlite"),
    ("refinery_cli", "0.10.0", "postgresql,sqlite-bundled"),
]
DBMATE = "2.36.0"


@dataclass(frozen=True)
class Tools:
    """Programs by their paths."""

    runner: Path
    sqlx: Path
    diesel: Path
    refinery: Path
    dbmate: Path
    # The same work on rows by a plugin, packed, and by a program.
    rows_plugin: Path
    rows_native: Path


def everything():
    """Installs what is missing; nothing where all is there."""
    packages()
    environment = {**os.environ, "CARGO_TARGET_DIR": str(TARGET)}
    build = ["cargo", "build", "--quiet", "--locked", "--profile", "dist", "-p", "alteration-runner"]
    subprocess.run(build, cwd=ROOT, env=environment, check=True)
    for package, version, features in CRATES:
        crate(package, version, features)
    dbmate = PEERS / "node_modules/.bin/dbmate"
    if not dbmate.exists():
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", PEERS, f"dbmate@{DBMATE}"]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
    programs = PEERS / "bin"
    runner = TARGET / "dist/runner"
    plugin, native = rows(runner)
    return Tools(runner, programs / "sqlx", programs / "diesel", programs / "refinery", dbmate, plugin, native)


def packages():
    missing = [package for path, package in PACKAGES.items() if not Path(path).exists()]
    if not missing:
        return
    sudo = [] if os.geteuid() == 0 else ["sudo"]
    subprocess.run([*sudo, "apt-get", "update", "-qq"], check=True)
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *missing]
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive"]
    subprocess.run([*sudo, *quiet, *install], check=True, stdout=subprocess.DEVNULL)


def crate(package, version, features):
    done = PEERS / f"{package}-{version}"
    if done.exists():
        return
    environment = {**os.environ, "CARGO_TARGET_DIR": str(PEERS / "build")}
    install = ["cargo", "install", "--quiet", "--locked", "--force", "--root", str(PEERS), package]
    install += ["--version", f"={version}", "--no-default-features", "--features", features]
    subprocess.run(install, env=environment, check=True)
    done.touch()


def rows(runner):
    """Builds both programs of tests/bench/rows."""
    folder = ROOT / "tests/bench/rows"
    for_wasm = subprocess.run([ROOT / "tests/scripts/rust-for-wasm"], check=True, capture_output=True, text=True)
    environment = dict(line.split("=", 1) for line in for_wasm.stdout.splitlines())
    wasm = "wasm32-unknown-unknown"
    build = ["cargo", "build", "--quiet", "--locked", "--release"]
    environment = {**os.environ, **environment, "CARGO_TARGET_DIR": str(PEERS / "guest")}
    subprocess.run([*build, "--target", wasm], cwd=folder / "guest", env=environment, check=True)
    module = PEERS / f"guest/{wasm}/release/rows.wasm"
    plugin = PEERS / "rows"
    pack = [runner, "pack", module, "--manifest", folder / "guest/alteration.json", "--out", plugin, "--replace"]
    subprocess.run(pack, check=True, stdout=subprocess.DEVNULL)
    environment = {**os.environ, "CARGO_TARGET_DIR": str(PEERS / "native")}
    subprocess.run(build, cwd=folder / "native", env=environment, check=True)
    return plugin, PEERS / "native/release/rows-native"
