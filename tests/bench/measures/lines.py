"""The lines of the table: who does which work, and how it is looked at whether all did the same."""

import shutil
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

from . import servers, timed, work


@dataclass
class Subject:
    """One that does the work of a line."""

    name: str
    # "runner", "peer" or "floor".
    kind: str
    command: list
    environment: dict = field(default_factory=dict)
    stdin: Path | None = None
    # Makes what it starts from, before each run.
    prepare: Callable[[], None] = lambda: None
    # What is there afterwards: equal for all subjects of a line.
    digest: Callable[[], object] = lambda: None
    runs: list = field(default_factory=list)


@dataclass
class Line:
    """Work that several do. The targets are ratios of medians, of the subjects whose names they say."""

    name: str
    title: str
    subjects: list
    targets: dict = field(default_factory=dict)


class Folder:
    """A folder of files for one number of alterations, in which the subjects work on one SQLite file."""

    def __init__(self, path, count, tools):
        self.path, self.count, self.tools = path, count, tools
        work.write(path, count, tools)
        (path / "refinery.toml").write_text('[main]\ndb_type = "Sqlite"\ndb_path = "bench.db"\n')
        (path / "floor.sql").write_text(work.grouped(count, with_records=True))
        (path / "plain.sql").write_text(work.grouped(count, with_records=False))
        (path / "each.sql").write_text(work.each(count))

    def clear(self):
        for file in self.path.glob("bench.db*"):
            file.unlink()

    def digest(self):
        """Schema and rows of the alterations' tables."""
        with sqlite3.connect(self.path / "bench.db") as database:
            schema = "SELECT name, sql FROM sqlite_schema WHERE tbl_name LIKE 'table\\_%' ESCAPE '\\' ORDER BY name"
            found = database.execute(schema).fetchall()
            tables = [name for name, sql in found if sql.startswith("CREATE TABLE")]
            last = database.execute(f"SELECT * FROM table_{self.count} ORDER BY id").fetchall()
        return len(tables), hash(tuple(found)), tuple(last)

    def runner(self, files, *options, name=None, prepare=None):
        command = [self.tools.runner, "deploy", files, "--yes", "--cache-dir", "cache", "--database", "sqlite:bench.db", *options]
        return Subject(name or f"runner, {files}", "runner", command, prepare=prepare or self.clear, digest=self.digest)

    def peer(self, name, command, environment=None, prepare=None):
        return Subject(name, "peer", command, environment or {}, prepare=prepare or self.clear, digest=self.digest)

    def floor(self, name, script):
        command = ["sqlite3", "-bail", "bench.db"]
        stdin = self.path / script
        return Subject(name, "floor", command, stdin=stdin, prepare=self.clear, digest=self.digest)

    def sqlx(self, prepare=None):
        command = [self.tools.sqlx, "migrate", "run", "--source", "sqlx", "--database-url", "sqlite:bench.db"]

        def created():
            self.clear()
            create = [self.tools.sqlx, "database", "create", "--database-url", "sqlite:bench.db"]
            timed.run(create, self.path)

        return self.peer("sqlx", command, prepare=prepare or created)

    def diesel(self, prepare=None):
        command = [self.tools.diesel, "migration", "run", "--migration-dir", "diesel", "--database-url", "bench.db"]
        return self.peer("diesel", command, prepare=prepare)

    def dbmate(self, prepare=None):
        command = [self.tools.dbmate, "--migrations-dir", "dbmate", "--no-dump-schema", "up"]
        return self.peer("dbmate", command, {"DATABASE_URL": "sqlite:bench.db"}, prepare=prepare)

    def refinery(self, prepare=None):
        command = [self.tools.refinery, "migrate", "-c", "refinery.toml", "-p", "refinery"]

        def emptied():
            self.clear()
            (self.path / "bench.db").touch()

        return self.peer("refinery", command, prepare=prepare or emptied)


def once(folder, subject):
    """Has the subject's database made by one run of its own, kept beside, and put back before each run."""
    kept = folder.path / f"kept-{subject.name.replace(' ', '-').replace(',', '')}"
    fresh = subject.prepare

    def again():
        if not kept.exists():
            fresh()
            timed.run(subject.command, folder.path, subject.environment)
            kept.mkdir()
            for file in folder.path.glob("bench.db*"):
                shutil.copy(file, kept)
        folder.clear()
        for file in kept.iterdir():
            shutil.copy(file, folder.path)

    subject.prepare = again
    return subject


def on_sqlite(folder):
    subjects = [folder.runner("files"), folder.runner("bundle"), folder.sqlx(), folder.diesel(), folder.dbmate(), folder.refinery()]
    subjects += [folder.floor("sqlite3, in groups, with rows as the runner's", "floor.sql"), folder.floor("sqlite3, in groups", "plain.sql")]
    return subjects


def on_postgres(folder, server):
    count, tools = folder.count, folder.tools

    def digest():
        tables = "SELECT count(*), md5(string_agg(indexdef, ' ' ORDER BY indexname)) FROM pg_indexes WHERE tablename LIKE 'table\\_%'"
        rows = f"SELECT string_agg(t::text, ' ' ORDER BY id) FROM table_{count} t"
        return server.sql(tables), server.sql(rows)

    def subject(name, kind, command, environment=None, stdin=None):
        return Subject(name, kind, command, environment or {}, stdin, server.fresh, digest)

    def runner(files, level, *options):
        command = [tools.runner, "deploy", files, "--yes", "--cache-dir", "cache", "--database", server.url, *options]
        return subject(f"runner, {files}, {level}", "runner", command)

    trust = ["--trust", "bench/small"]
    refinery = folder.path / "refinery-postgres.toml"
    refinery.write_text(
        f'[main]\ndb_type = "Postgres"\ndb_host = "127.0.0.1"\ndb_port = "{server.port}"\ndb_user = "bench"\ndb_pass = "bench"\ndb_name = "bench"\n'
    )
    dbmate = {"DATABASE_URL": f"{server.url}?sslmode=disable"}
    return [
        runner("files", "trusted", *trust),
        runner("bundle", "trusted", *trust),
        runner("bundle", "confined"),
        subject("sqlx", "peer", [tools.sqlx, "migrate", "run", "--source", "sqlx", "--database-url", server.url]),
        subject("diesel", "peer", [tools.diesel, "migration", "run", "--migration-dir", "diesel", "--database-url", server.url]),
        subject("dbmate", "peer", [tools.dbmate, "--migrations-dir", "dbmate", "--no-dump-schema", "migrate"], dbmate),
        subject("refinery", "peer", [tools.refinery, "migrate", "-c", refinery, "-p", "refinery"]),
        subject("psql, the same transactions", "floor", ["psql", "-qX", "-v", "ON_ERROR_STOP=1", server.url], stdin=folder.path / "each.sql"),
    ]


def nothing_on_postgres(folder, server, subjects):
    """Each subject's second run on what its first left."""
    fresh = server.fresh
    for subject in subjects:

        def again(subject=subject):
            if server.last != subject.name:
                fresh()
                timed.run(subject.command, folder.path, subject.environment)
                server.last = subject.name

        subject.prepare, subject.runs = again, []
    server.last = None
    return subjects


def on_mariadb(folder, server):
    def digest():
        where = "table_schema = 'bench' AND table_name LIKE 'table\\\\_%'"
        return server.sql(f"SELECT count(*) FROM information_schema.tables WHERE {where}")

    tools = folder.tools
    runner = [tools.runner, "deploy", "files", "--yes", "--guard", "bench/small", "--cache-dir", "cache", "--database", server.url]
    dbmate = [tools.dbmate, "--migrations-dir", "dbmate", "--no-dump-schema", "migrate"]
    return [
        Subject("runner, files, guarded", "runner", runner, prepare=server.fresh, digest=digest),
        Subject("dbmate", "peer", dbmate, {"DATABASE_URL": server.url}, prepare=server.fresh, digest=digest),
    ]


def packing(folder):
    out = folder.path / "out"

    def clear():
        shutil.rmtree(out, ignore_errors=True)

    command = [folder.tools.runner, "pack", "release", "--plugin", "bench/small", "--out", "out"]
    return [Subject("runner pack", "runner", command, prepare=clear, digest=lambda: len(list(out.iterdir())))]


def rows(path, count, tools):
    """Both start from the same table."""
    path.mkdir()
    kept, file = path / "people.db", path / "bench.db"
    with sqlite3.connect(kept) as database:
        database.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, city TEXT, amount INTEGER, note TEXT)")
        people = ((at, f"name of {at}", f"city {at % 977}", at % 10_007, None if at % 3 else f" note {at} ") for at in range(count))
        database.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", people)

    def prepare():
        for left in path.glob("bench.db*"):
            left.unlink()
        shutil.copy(kept, file)

    def digest():
        with sqlite3.connect(file) as database:
            return database.execute("SELECT count(*), sum(cents), sum(length(name || coalesce(note, ''))) FROM cards").fetchall()[0]

    deploy = [tools.runner, "deploy", tools.rows_plugin, "--yes", "--grant", "bench/rows:reads app:people"]
    deploy += ["--cache-dir", "cache", "--database", "sqlite:bench.db"]
    return [
        Subject("runner, a guest in Rust", "runner", deploy, prepare=prepare, digest=digest),
        Subject("the same in Rust, with sqlx", "peer", [tools.rows_native, "bench.db"], prepare=prepare, digest=digest),
    ]


class Place:
    """Folders and servers, each made when a line first needs it."""

    def __init__(self, path, tools):
        # Servers run as users of their own.
        path.chmod(0o755)
        self.path, self.tools, self.made = path, tools, {}

    def of(self, name, make):
        if name not in self.made:
            self.made[name] = make(self.path / name)
        return self.made[name]

    def folder(self, count):
        return self.of(f"alterations-{count}", lambda path: Folder(path, count, self.tools))

    def postgres(self):
        return self.of("postgres", servers.Postgres)

    def mariadb(self):
        return self.of("mariadb", servers.Mariadb)

    def stop(self):
        for name in ["postgres", "mariadb"]:
            if name in self.made:
                self.made[name].stop()


def all_lines(place, shrink):
    """Names of lines, and what makes each: with the folder that its subjects work in."""
    count, many = 1_000 // shrink, 1_000_000 // shrink
    tools = place.tools

    def thousand():
        return place.folder(count)

    def line(name, title, subjects, folder, targets=None):
        return Line(name, title, subjects, targets or {}), folder

    def nothing_sqlite():
        folder = thousand()
        subjects = [once(folder, it) for it in [folder.runner("files"), folder.sqlx(), folder.diesel(), folder.dbmate()]]
        return line("nothing-sqlite", f"nothing to do, {count:,} applied, SQLite", subjects, folder.path, {"runner, files": 1.0})

    def nothing_postgres():
        folder, server = thousand(), place.postgres()
        subjects = on_postgres(folder, server)
        subjects = nothing_on_postgres(folder, server, subjects[:1] + subjects[3:6])
        return line("nothing-postgres", f"nothing to do, {count:,} applied, PostgreSQL", subjects, folder.path, {"runner, files, trusted": 1.0})

    def one():
        folder = place.folder(1)
        subjects = [folder.runner("files"), folder.sqlx(), folder.diesel(), folder.dbmate()]
        return line("one", "one SQL alteration on a new SQLite file", subjects, folder.path, {"runner, files": 1.5})

    def of_rows():
        subjects = rows(place.path / "rows", many, tools)
        title = f"{many:,} rows read, transformed and written, SQLite"
        return line("rows", title, subjects, place.path / "rows", {"runner, a guest in Rust": 1.25})

    def growth(of):
        folder = place.folder(of)
        floor = folder.floor("sqlite3, in groups, with rows as the runner's", "floor.sql")
        subjects = [folder.runner("files"), folder.runner("bundle"), folder.sqlx(), floor]
        return line(f"growth-{of}", f"{of:,} SQL alterations, SQLite", subjects, folder.path)

    return {
        "sqlite": lambda: line("sqlite", f"{count:,} SQL alterations, SQLite", on_sqlite(thousand()), thousand().path, {"runner, bundle": 0.7, "runner, files": 1.0}),
        "postgres": lambda: line(
            "postgres",
            f"{count:,} SQL alterations, PostgreSQL",
            on_postgres(thousand(), place.postgres()),
            thousand().path,
            {"runner, files, trusted": 1.0, "runner, bundle, trusted": 1.0},
        ),
        "mariadb": lambda: line("mariadb", f"{count:,} SQL alterations, MariaDB", on_mariadb(thousand(), place.mariadb()), thousand().path, {"runner, files, guarded": 1.2}),
        "nothing-sqlite": nothing_sqlite,
        "nothing-postgres": nothing_postgres,
        "one": one,
        "rows": of_rows,
        "pack": lambda: line("pack", f"pack {count:,} alterations", packing(thousand()), thousand().path),
        **{f"growth-{of}": (lambda of=of: growth(of)) for of in ([10, 100, 1_000, 10_000] if shrink == 1 else [10, 100])},
    }


def measure(tools, path, rounds, wanted, shrink):
    """Runs the lines whose names are wanted, all if none is; the subjects of a line in turn, the first turn unmeasured."""
    place = Place(path, tools)
    measured = []
    try:
        for name, make in all_lines(place, shrink).items():
            if not wanted or name in wanted:
                line, folder = make()
                turns(line, folder, min(rounds, 3) if name == "growth-10000" else rounds)
                measured.append(line)
    finally:
        place.stop()
    return measured


def turns(line, path, rounds):
    per_process = line.name.startswith("nothing-postgres")
    order = [(turn, subject) for turn in range(rounds + 1) for subject in line.subjects]
    if per_process:
        # Each goes on where its own first run left the one database.
        order = [(turn, subject) for subject in line.subjects for turn in range(rounds + 1)]
    digests = {}
    for turn, subject in order:
        subject.prepare()
        done = timed.run(subject.command, path, subject.environment, subject.stdin)
        digests[subject.name] = subject.digest()
        if turn > 0:
            subject.runs.append(done)
        print(f"{line.name} {turn} {subject.name}: {done.wall:.3f} s", flush=True)
    if len(set(digests.values())) > 1:
        raise SystemExit(f"{line.name}: not all ended with the same: {digests}")
