"""The alterations that every tool applies, in each tool's own layout."""

import subprocess


def up(at):
    return (
        f"CREATE TABLE table_{at} (id INTEGER PRIMARY KEY, name TEXT NOT NULL, amount INTEGER);\n"
        f"CREATE INDEX table_{at}_by_name ON table_{at} (name);\n"
        f"INSERT INTO table_{at} (id, name, amount) VALUES (1, 'first', {at});\n"
        f"INSERT INTO table_{at} (id, name, amount) VALUES (2, 'second', {at});\n"
    )


def down(at):
    return f"DROP TABLE table_{at};\n"


def write(folder, count, tools):
    """Writes `count` alterations for each tool below `folder`, and packs them for the runner."""
    for name in ["sqlx", "release", "dbmate", "refinery", "diesel"]:
        (folder / name).mkdir(parents=True)
    for at in range(1, count + 1):
        stamp = 1_700_000_000 + at
        name = f"{stamp}_table_{at}"
        for direction, text in [("up", up(at)), ("down", down(at))]:
            (folder / f"sqlx/{name}.{direction}.sql").write_text(text)
            (folder / f"release/1.0.0-{stamp}-table-{at}.{direction}.sql").write_text(text)
        both = f"-- migrate:up\n{up(at)}\n-- migrate:down\n{down(at)}"
        (folder / f"dbmate/{name}.sql").write_text(both)
        (folder / f"refinery/V{at}__table_{at}.sql").write_text(up(at))
        (folder / f"diesel/{name}").mkdir()
        (folder / f"diesel/{name}/up.sql").write_text(up(at))
        (folder / f"diesel/{name}/down.sql").write_text(down(at))
    for options, out in [([], "files"), (["--bundle"], "bundle")]:
        pack = [tools.runner, "pack", folder / "release", "--plugin", "bench/small", *options, "--out", folder / out]
        subprocess.run(pack, check=True, stdout=subprocess.DEVNULL)


# The rows that the runner writes for each alteration, as plain SQL: what any tool would have to write that records as much.
RECORDS = """CREATE TABLE own_state (plugin TEXT, id TEXT, status TEXT, checksum TEXT, component TEXT, at TEXT, by TEXT, PRIMARY KEY (plugin, id));
CREATE TABLE own_history (sequence INTEGER PRIMARY KEY, plugin TEXT, id TEXT, direction TEXT, event TEXT, at TEXT);
CREATE TABLE own_archive (checksum TEXT PRIMARY KEY, bytes BLOB);
CREATE TABLE own_object (plugin TEXT, id TEXT, kind TEXT, name TEXT, PRIMARY KEY (kind, name));
CREATE TABLE own_ledger (revision INTEGER);
INSERT INTO own_ledger VALUES (0);
"""


def records(at):
    name = f"1.0.0-{1_700_000_000 + at}-table-{at}"
    key = f"'bench/small', '{name}'"
    checksum = f"{at:064x}"
    history = f"INSERT INTO own_history (plugin, id, direction, event, at) VALUES ({key}, 'up'"
    return (
        "UPDATE own_ledger SET revision = revision + 1;\n"
        f"INSERT INTO own_archive VALUES ('{checksum}', randomblob(900));\n"
        f"INSERT INTO own_state VALUES ({key}, 'applied', '{checksum}', '{checksum}', '2026-01-01T00:00:00Z', 'bench');\n"
        f"{history}, 'started', '2026-01-01T00:00:00Z');\n"
        f"{history}, 'done', '2026-01-01T00:00:00Z');\n"
        f"INSERT INTO own_object VALUES ({key}, 'table', 'table_{at}');\n"
        f"INSERT INTO own_object VALUES ({key}, 'index', 'table_{at}_by_name');\n"
    )


def grouped(count, with_records, size=100):
    """One script for the database's own client: a savepoint for each alteration, a transaction for `size` of them."""
    parts = [RECORDS] if with_records else []
    for at in range(1, count + 1):
        if at % size == 1:
            parts.append("BEGIN IMMEDIATE;\n")
        own = records(at) if with_records else ""
        parts.append(f"SAVEPOINT one;\n{up(at)}{own}RELEASE one;\n")
        if at % size == 0 or at == count:
            parts.append("COMMIT;\n")
    return "".join(parts)


def each(count):
    """One script with a transaction for each alteration, and nothing else."""
    return "".join(f"BEGIN;\n{up(at)}COMMIT;\n" for at in range(1, count + 1))
