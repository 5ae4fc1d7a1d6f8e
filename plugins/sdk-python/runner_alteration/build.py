"""Builds a plugin: `python -m runner_alteration.build`, which `./build` of a project runs.

Imports the author's modules once with this Python, to see which alterations and hooks there are;
then componentize-py makes the component and `runner pack` adds the manifest. Knows nothing of what
the alterations do. Not part of a component.
"""

import argparse
import importlib
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from pathlib import Path

from .alteration import Alteration, registered
from .checksum import Sources, packages
from .stamp import Stamp, imported

# What componentize-py imports. The package comes first: see `purity`.
_ENTRY = """\
import sys

# The folders of sources can be written, and the author's Python is another one.
sys.dont_write_bytecode = True

import runner_alteration
from runner_alteration import failure, purity
from runner_alteration.component import Backfill, Hooks, Preparation

import {module}

purity.permit(frozenset({permitted!r}))
failure.keep_sources()
"""
_WORLDS = {
    (False, False): "alteration",
    (True, False): "alteration-preparation",
    (False, True): "alteration-backfill",
    (True, True): "alteration-complete",
}


class BuildError(Exception):
    """What the author has to mend, in words."""


def main() -> int:
    arguments = argparse.ArgumentParser(
        prog="build",
        description="Builds the plugin of a folder; further arguments go to `runner pack`.",
    )
    arguments.add_argument("--project", type=Path, default=Path(), help="the plugin's folder")
    arguments.add_argument("--module", default="alterations", help="what imports all alterations")
    arguments.add_argument("--manifest", default="alteration.json", help="JSON or TOML")
    arguments.add_argument("--wit", type=Path, help="the folder of the interface [default: wit]")
    arguments.add_argument("--out", type=Path, help="where the component goes [default: dist]")
    arguments.add_argument("--unpacked", type=Path, help="a folder for component and manifest")
    options, rest = arguments.parse_known_args()
    try:
        build(options, rest)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def build(options: argparse.Namespace, pack_arguments: list[str]) -> None:
    project = options.project.resolve()
    manifest_path = project / options.manifest
    manifest = read_manifest(manifest_path)
    sys.path.insert(0, str(project))
    importlib.import_module(options.module)
    declared = check(manifest, registered, options.manifest)
    modules = {id: cls.__module__ for id, cls in registered.items()}
    gathering = {options.module}.union(*map(packages, modules.values()))
    add_checksums(declared, modules, Sources(project, gathering))
    out = options.out or options.project / "dist"
    package = Path(__file__).resolve().parent
    wit = options.wit or project / "wit"
    inputs = {*imported(), *package.glob("*.py"), *wit.glob("*.wit"), manifest_path}
    stamp = Stamp(project / ".build" / "inputs", inputs, out)
    if options.unpacked is None and stamp.holds():
        print("\n".join(f"{out / file}  up to date" for file in stamp.files()))
        return
    with tempfile.TemporaryDirectory() as folder:
        unpacked = (options.unpacked or Path(folder)).resolve()
        component, complete = unpacked / "component.wasm", unpacked / "alteration.json"
        permitted = [id for id, one in declared.items() if "entropy" in one.get("permissions", ())]
        entry = _ENTRY.format(module=options.module, permitted=sorted(permitted))
        Path(folder, "component_entry.py").write_text(entry)
        run(
            Path(sysconfig.get_path("scripts"), "componentize-py"),
            *("--quiet", "-d", wit, "-w", world(registered.values())),
            *("componentize", "component_entry", "-o", component),
            *("-p", folder, "-p", project, "-p", package.parent),
        )
        sign(component)
        complete.write_text(json.dumps(manifest))
        if options.unpacked is None:
            runner = os.environ.get("RUNNER", "runner")
            run(runner, "pack", component, "--manifest", complete, "--out", out, *pack_arguments)
            stamp.write()


def read_manifest(path: Path) -> dict:
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise BuildError(f"{path.name}: {error.strerror}") from None
    except ValueError as error:
        raise BuildError(f"{path.name}: {error}") from None


def check(manifest: dict, classes: dict[str, type[Alteration]], name: str) -> dict[str, dict]:
    """The declarations by id, once manifest and classes say the same."""
    declared = {one["id"]: one for one in manifest.get("alterations", [])}
    for id in classes.keys() - declared.keys():
        raise BuildError(f"{name} does not declare {id}, which {classes[id].__qualname__} is")
    for id in declared.keys() - classes.keys():
        raise BuildError(
            f'{name} declares {id}, which no class is: class ...(Alteration, id="{id}"); '
            "a module has to be imported for its classes to be found"
        )
    for id, cls in classes.items():
        if not cls.has("up"):
            raise BuildError(f"{cls.__qualname__} has no `up`")
        if cls.has("down") == declared[id].get("irreversible", False):
            raise BuildError(
                f"{cls.__qualname__} has a `down`, and {name} says that {id} is irreversible"
                if cls.has("down")
                else f"{cls.__qualname__} has no `down`: write one, or write "
                f'"irreversible": true to {id} in {name}'
            )
    return declared


def add_checksums(declared: dict[str, dict], modules: dict[str, str], sources: Sources) -> None:
    """Tells several alterations of one component apart, each by the modules that it consists of."""
    if len(declared) == 1:
        return
    holders = {}
    for id, module in modules.items():
        if "checksum" in declared[id]:
            continue
        if (other := holders.setdefault(module, id)) != id:
            raise BuildError(
                f"{module} holds both {other} and {id}: give each a file of its own, "
                "so that a change to one does not count as a change to both"
            )
        parts = sources.of(module)
        if gathering := sources.gathering.intersection(parts[1:]):
            raise BuildError(
                f"{module} imports from {min(gathering)}, which imports all alterations: put what they "
                f"share into a module of its own, so that a new alteration does not change {id}"
            )
        declared[id]["checksum"] = sources.checksum(parts)


def sign(component: Path) -> None:
    """Says what the component was made of and by, where `runner inspect` and other tools look."""
    tool = importlib.metadata.version("componentize-py")
    fields = [("language", "Python", ""), ("processed-by", "componentize-py", tool)]
    fields.append(("sdk", "runner_alteration", ""))
    entries = (_text(field) + b"\x01" + _text(name) + _text(of) for field, name, of in fields)
    section = _text("producers") + bytes([len(fields)]) + b"".join(entries)
    with component.open("ab") as file:
        file.write(b"\x00" + _sized(section))


def _text(text: str) -> bytes:
    return _sized(text.encode())


def _sized(contents: bytes) -> bytes:
    """With its length before it, of which the last of seven bits each has no eighth."""
    length, prefix = len(contents), bytearray()
    while length >= 0x80:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([*prefix, length]) + contents


def world(classes) -> str:
    """The world with no more exports than there are hooks."""
    classes = list(classes)
    preparation = any(cls.has("before_up") or cls.has("before_down") for cls in classes)
    backfill = any(cls.has("step") for cls in classes)
    return _WORLDS[preparation, backfill]


def run(program, *arguments) -> None:
    try:
        done = subprocess.run([program, *arguments], stderr=subprocess.PIPE, encoding="utf-8")
    except FileNotFoundError:
        raise BuildError(
            "componentize-py is not there: build with ./build, which installs it"
            if Path(program).name == "componentize-py"
            else f"{program} is not there: put the runner's folder into PATH, or its path into RUNNER"
        ) from None
    if done.returncode == 0:
        sys.stderr.write(done.stderr)
        return
    # componentize-py wraps the author's traceback into two of its own.
    told = done.stderr.rpartition("AssertionError: ")[2].partition("\n\nCaused by:")[0]
    sys.stderr.write(re.sub(r'File "/\d+/', 'File "', told.rstrip()) + "\n")
    raise BuildError(f"{Path(program).name} failed; nothing was built")


if __name__ == "__main__":
    sys.exit(main())
