"""Writes what was measured: a page, the figures as JSON, and two drawings."""

import json
import os
import platform
import statistics
import subprocess

from . import drawing


def write(lines, out):
    out.mkdir(parents=True, exist_ok=True)
    (out / "speed.json").write_text(json.dumps([figures(line) for line in lines], indent=1) + "\n")
    drawings = drawing.draw(lines, out)
    (out / "speed.md").write_text(page(lines, drawings))


def median(subject):
    return statistics.median(run.wall for run in subject.runs)


def ratios(line):
    """Of each subject to the fastest peer, and to the first floor."""
    peers = [median(subject) for subject in line.subjects if subject.kind == "peer"]
    floors = [median(subject) for subject in line.subjects if subject.kind == "floor"]
    return {
        subject.name: (median(subject) / min(peers) if peers else None, median(subject) / floors[0] if floors else None)
        for subject in line.subjects
    }


def figures(line):
    of = ratios(line)
    return {
        "line": line.name,
        "title": line.title,
        "subjects": [
            {
                "name": subject.name,
                "kind": subject.kind,
                "wall_s": [round(run.wall, 4) for run in subject.runs],
                "cpu_s": round(statistics.median(run.cpu for run in subject.runs), 4),
                "memory_mib": round(max(run.memory for run in subject.runs), 1),
                "median_s": round(median(subject), 4),
                "of_fastest_peer": of[subject.name][0] and round(of[subject.name][0], 3),
                "of_floor": of[subject.name][1] and round(of[subject.name][1], 3),
                "target": line.targets.get(subject.name),
            }
            for subject in line.subjects
        ],
    }


def page(lines, drawings):
    machine = f"{os.cpu_count()} cores, {processor()}, {platform.system()} {platform.release()}"
    parts = [
        "# Speed\n",
        "`tests/bench/measure` writes this page: no figure in it was written by hand. Each program runs as a whole process, in turn with",
        "the others, in its default mode; all of a line end with the same schema and rows. *Floor* is what the database's own client",
        "needs for the same statements. CPU and memory are those of the program; a server's are not in them.\n",
        f"Measured on: {machine}.\n",
    ]
    for line in lines:
        of = ratios(line)
        parts += [f"## {line.title}\n", "| | median | from – to | of the fastest peer | of the floor | CPU | memory |", "|---|---|---|---|---|---|---|"]
        for subject in line.subjects:
            walls = [run.wall for run in subject.runs]
            peer, floor = of[subject.name]
            target = line.targets.get(subject.name)
            aimed = f" (target {target})" if target else ""
            cpu = statistics.median(run.cpu for run in subject.runs)
            memory = max(run.memory for run in subject.runs)
            parts.append(
                f"| {subject.name} | {seconds(median(subject))} | {seconds(min(walls))} – {seconds(max(walls))} | {ratio(peer)}{aimed} | {ratio(floor)} | {seconds(cpu)} | {memory:.0f} MiB |"
            )
        parts.append("")
    parts += [f"## {title}\n\n![{title}]({name})\n" for title, name in drawings]
    return "\n".join(parts)


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def ratio(value):
    return "" if value is None else f"{value:.2f}"


def processor():
    with open("/proc/cpuinfo") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return names[0] if names else subprocess.run(["uname", "-m"], capture_output=True, text=True).stdout.strip()
