"""What `runner build` asks for: a description of all alterations of a project, and components of some.

Each module of `alterations/` has one class, which is an alteration. Components are written without a
manifest: the runner makes one and packs them. Not part of a component.
"""

import hashlib
import importlib
import importlib.metadata
import json
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path

from .alteration import Alteration, registered
from .checksum import Sources
from .componentize import BuildError, check, componentize, read_manifest
from .stamp import imported

_FOLDER = "alterations"
#: The hooks as the interface names them.
_HOOKS = ("up", "down", "before-up", "before-down", "step")
_PACKAGE = Path(__file__).resolve().parent


def answer(file: Path, wit: Path | None) -> None:
    """Answers the request in `file`, in the folder of the project."""
    request = json.loads(file.read_text("utf-8"))
    project = Path().resolve()
    wit = wit or _PACKAGE.parent / "wit"
    declared = {one["id"]: one for one in read_manifest(Path(request["manifest"])).get("alterations", [])}
    import_all(project)
    modules = holders(registered)
    hint = f"write it in a module of {_FOLDER}/"
    check({"alterations": list(declared.values())}, registered, request["manifest"], hint)
    sources = Sources(project, {_FOLDER})
    alterations = {}
    for id, module in modules.items():
        parts = sources.of(module)
        alterations[id] = {
            "source": sources.checksum(parts),
            "files": sorted(sources.file(part).relative_to(project).as_posix() for part in parts),
            "hooks": [hook for hook in _HOOKS if registered[id].has(hook.replace("-", "_"))],
        }
    for one in request["components"]:
        ids = one["alterations"]
        if unknown := [id for id in ids if id not in modules]:
            raise BuildError(f"{_FOLDER}/ has no {unknown[0]}")
        print(f"componentize-py: {', '.join(ids)}, about half a minute", file=sys.stderr, flush=True)
        classes = {id: registered[id] for id in ids}
        carried = [modules[id] for id in ids]
        componentize(Path(one["output"]), project, wit, carried, classes, declared)
    described = {"toolchain": toolchain(sources, wit), "alterations": alterations}
    Path(request["answer"]).write_text(json.dumps(described), "utf-8")


def import_all(project: Path) -> None:
    """Imports every module of `alterations/` but its tests."""
    sys.path.insert(0, str(project))
    for file in sorted((project / _FOLDER).glob("*.py")):
        if file.stem == "__init__" or file.stem.startswith("test_"):
            continue
        name = f"{_FOLDER}/{file.name}"
        if "." in file.stem:
            raise BuildError(f"{name}: Python imports no module with a dot in its name; write `_`")
        try:
            importlib.import_module(f"{_FOLDER}.{file.stem}")
        except Exception as error:
            raise BuildError(f"{name}: {described(error, project)}") from None


def described(error: Exception, project: Path) -> str:
    """What went wrong, and where in the project."""
    what = "".join(traceback.format_exception_only(error)).strip()
    # The format of a syntax error names its file already.
    if isinstance(error, SyntaxError):
        return what.replace(f"{project}/", "")
    frames = [Path(frame.filename) for frame in traceback.extract_tb(error.__traceback__)]
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__)]
    own = [
        (file.relative_to(project).as_posix(), line)
        for file, line in zip(frames, lines)
        if file.is_relative_to(project) and not file.is_relative_to(_PACKAGE) and ".venv" not in file.parts
    ]
    return what + "".join(f"\n  at {file}:{line}" for file, line in own)


def holders(classes: dict[str, type[Alteration]]) -> dict[str, str]:
    """The module of each alteration, one for each."""
    modules = {id: cls.__module__ for id, cls in classes.items()}
    ids: dict[str, str] = {}
    for id, module in modules.items():
        if not module.startswith(f"{_FOLDER}."):
            raise BuildError(
                f"{module} holds {id}: an alteration is a module of {_FOLDER}/, "
                "so that a change to it does not count as a change to what imports it"
            )
        if (other := ids.setdefault(module, id)) != id:
            raise BuildError(
                f"{module.replace('.', '/')}.py holds both {other} and {id}: give each a file of its own, "
                "so that a change to one does not count as a change to both"
            )
    return modules


def toolchain(sources: Sources, wit: Path) -> str:
    """A text that is another one where the same sources become another component."""
    sdk = [*_PACKAGE.glob("*.py"), *wit.glob("*.wit")]
    packages = [file for file in imported() if not sources.is_own(file) and _PACKAGE not in file.parents]
    version = importlib.metadata.version("componentize-py")
    return f"componentize-py {version}, SDK {digest(sdk)}, packages {digest(packages)}"


def digest(files: Iterable[Path]) -> str:
    """Of contents, wherever the files are."""
    sums = sorted(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)
    return hashlib.sha256(" ".join(sums).encode()).hexdigest()
