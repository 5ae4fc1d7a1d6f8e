"""Makes components with componentize-py, for `build` and `request`. Not part of a component."""

import importlib.metadata
import json
import re
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from .alteration import Alteration

# What componentize-py imports. The package comes first: see `purity`.
_ENTRY = """\
import importlib
import sys

# The folders of sources can be written, and the author's Python is another one.
sys.dont_write_bytecode = True

import alteration_sdk
from alteration_sdk import failure, purity
from alteration_sdk.component import Backfill, Hooks, Preparation

# By a call, because not every name of a file is a name in Python.
for module in {modules!r}:
    importlib.import_module(module)

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


def read_manifest(path: Path) -> dict:
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise BuildError(f"{path.name}: {error.strerror}") from None
    except ValueError as error:
        raise BuildError(f"{path.name}: {error}") from None


def check(
    manifest: dict,
    classes: Mapping[str, type[Alteration]],
    name: str,
    hint: str = "a module has to be imported for its classes to be found",
) -> dict[str, dict]:
    """The declarations by id, once manifest and classes say the same."""
    declared = {one["id"]: one for one in manifest.get("alterations", [])}
    for id in classes.keys() - declared.keys():
        raise BuildError(f"{name} does not declare {id}, which {classes[id].__qualname__} is")
    for id in declared.keys() - classes.keys():
        raise BuildError(
            f'{name} declares {id}, which no class is: class ...(Alteration, id="{id}"); {hint}'
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


def componentize(
    component: Path,
    project: Path,
    wit: Path,
    modules: Iterable[str],
    classes: Mapping[str, type[Alteration]],
    declared: Mapping[str, dict],
) -> None:
    """Writes a component of `classes` by their ids, for which `modules` are imported."""
    permitted = [id for id in classes if "entropy" in declared[id].get("permissions", ())]
    with tempfile.TemporaryDirectory() as folder:
        entry = _ENTRY.format(modules=sorted(modules), permitted=sorted(permitted))
        Path(folder, "component_entry.py").write_text(entry)
        run(
            Path(sysconfig.get_path("scripts"), "componentize-py"),
            *("--quiet", "-d", wit, "-w", world(classes.values())),
            *("componentize", "component_entry", "-o", component),
            *("-p", folder, "-p", project, "-p", Path(__file__).resolve().parents[1]),
        )
    sign(component)


def sign(component: Path) -> None:
    """Says what the component was made of and by, where `runner inspect` and other tools look."""
    tool = importlib.metadata.version("componentize-py")
    fields = [("language", "Python", ""), ("processed-by", "componentize-py", tool)]
    fields.append(("sdk", "alteration_sdk", ""))
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
