"""Runs one program, and says how long it took, how much CPU and how much memory."""

import os
import subprocess
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    """Of one whole process: seconds, seconds of CPU, MiB at its peak."""

    wall: float
    cpu: float
    memory: float


def run(command, cwd, environment=None, stdin=None):
    """Runs `command` to its end; an error if it fails."""
    os.sync()
    source = open(stdin, "rb") if stdin else subprocess.DEVNULL
    log = cwd / "log"
    with open(log, "wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=source,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        tail = log.read_text(errors="replace")[-2000:]
        raise SystemExit(f"{command[0]} failed ({process.returncode}):\n{tail}")
    return Run(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
