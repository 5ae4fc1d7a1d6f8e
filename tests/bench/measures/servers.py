"""Throw-away servers on free ports, in folders of the user that may run them."""

import glob
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def as_user(name):
    return ["runuser", "-u", name, "--"] if os.geteuid() == 0 else []


class Postgres:
    """PostgreSQL of the distribution, with its settings as they are. The role `bench` owns the database."""

    def __init__(self, folder):
        self.programs = Path(sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1])
        self.folder, self.port, self.prefix = folder, free_port(), as_user("postgres")
        folder.mkdir()
        if self.prefix:
            shutil.chown(folder, "postgres")
        self.program("initdb", "--pgdata=data", "--username=postgres", "--auth=trust", "--encoding=UTF8")
        options = f"-p {self.port} -k {folder} -c listen_addresses=127.0.0.1"
        self.program("pg_ctl", "--pgdata=data", "--log=log", "-o", options, "--wait", "start")
        self.sql("CREATE ROLE bench LOGIN CREATEROLE PASSWORD 'bench'", "postgres")

    @property
    def url(self):
        return f"postgres://bench:bench@127.0.0.1:{self.port}/bench"

    def program(self, name, *args):
        command = [*self.prefix, str(self.programs / name), *args]
        subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def sql(self, text, database="bench"):
        client = [self.programs / "psql", "-qAtX", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres"]
        done = subprocess.run([*client, "-c", text, database], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def fresh(self):
        self.sql("DROP DATABASE IF EXISTS bench", "postgres")
        self.sql("CREATE DATABASE bench OWNER bench", "postgres")
        self.sql("CHECKPOINT", "postgres")

    def stop(self):
        self.program("pg_ctl", "--pgdata=data", "--mode=fast", "--wait", "stop")


class Mariadb:
    """MariaDB of the distribution, with its settings as they are."""

    def __init__(self, folder):
        self.folder, self.port, self.prefix = folder, free_port(), as_user("mysql")
        folder.mkdir()
        if self.prefix:
            shutil.chown(folder, "mysql")
        install = [*self.prefix, "mariadb-install-db", "--no-defaults", f"--datadir={folder}/data"]
        subprocess.run([*install, "--auth-root-authentication-method=normal"], check=True, stdout=subprocess.DEVNULL)
        serve = [*self.prefix, "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={folder}/data"]
        serve += [f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket"]
        self.process = subprocess.Popen(serve, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            if (folder / "socket").exists() and self.try_sql("SELECT 1") is not None:
                break
            time.sleep(0.1)
        # A user without a name would come before those with a name and any host.
        for host in ["localhost", "%"]:
            self.sql(f"CREATE USER bench@'{host}' IDENTIFIED BY 'bench'; GRANT ALL ON bench.* TO bench@'{host}'")

    @property
    def url(self):
        return f"mysql://bench:bench@127.0.0.1:{self.port}/bench"

    def try_sql(self, text):
        client = ["mariadb", "--no-defaults", f"--socket={self.folder}/socket", "-uroot", "-N", "-e", text]
        done = subprocess.run(client, capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else None

    def sql(self, text):
        found = self.try_sql(text)
        if found is None:
            raise SystemExit(f"MariaDB refused: {text}")
        return found

    def fresh(self):
        self.sql("DROP DATABASE IF EXISTS bench; CREATE DATABASE bench")

    def stop(self):
        self.try_sql("SHUTDOWN")
        self.process.wait()
