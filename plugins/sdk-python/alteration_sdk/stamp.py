"""Whether a plugin is up to date, for `build`. Not part of a component."""

import hashlib
import json
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path


class Stamp:
    """What the components in `out` were built from.

    No two builds of the same sources are alike, probably because the interpreter draws a secret for
    its hashes when a component is built. So what is up to date is left alone.
    """

    def __init__(self, path: Path, inputs: Iterable[Path], out: Path):
        self._path = path
        self._out = out
        digests = {hashlib.sha256(file.read_bytes()).hexdigest() for file in inputs}
        self._inputs = hashlib.sha256(" ".join(sorted(digests)).encode()).hexdigest()

    def files(self) -> list[str]:
        return sorted(file.name for file in self._out.glob("*.wasm"))

    def holds(self) -> bool:
        return self._path.exists() and self._path.read_text() == self._text()

    def write(self) -> None:
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(self._text())

    def _text(self) -> str:
        return json.dumps([self._inputs, self.files()])


def imported() -> list[Path]:
    """The files of all modules that are imported and not Python's own: what goes into a component.

    So a test is none of them.
    """
    standard = Path(sysconfig.get_path("stdlib"))
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    paths = {Path(file).resolve() for file in files if file}
    return [
        path for path in paths if not path.is_relative_to(standard) or "site-packages" in path.parts
    ]
