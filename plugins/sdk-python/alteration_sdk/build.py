"""Builds a plugin: `python -m alteration_sdk.build`.

With `--request FILE` it answers what `runner build` asks of a project, see `request`. Without, it
imports the author's modules once with this Python, to see which alterations and hooks there are;
then componentize-py makes the component and `runner pack` adds the manifest. Knows nothing of what
the alterations do. Not part of a component.
"""

import argparse
import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

from .alteration import registered
from .checksum import Sources, packages
from .componentize import BuildError, check, componentize, read_manifest, run
from .request import answer
from .stamp import Stamp, imported


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
    arguments.add_argument("--request", type=Path, help="answers `runner build`, in the project's folder")
    options, rest = arguments.parse_known_args()
    try:
        if options.request is not None:
            answer(options.request, options.wit)
        else:
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
        componentize(component, project, wit, [options.module], registered, declared)
        complete.write_text(json.dumps(manifest))
        if options.unpacked is None:
            runner = os.environ.get("RUNNER", "runner")
            run(runner, "pack", component, "--manifest", complete, "--out", out, *pack_arguments)
            stamp.write()


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


if __name__ == "__main__":
    sys.exit(main())
