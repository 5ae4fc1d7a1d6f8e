"""What one alteration of several in a component is known by, for `build`. Not part of a component.

That is its module and the project's own modules that it imports, as their import statements say.
Does not count Python's own modules, those of packages that were installed, nor the SDK; and does not
see a module whose name is put together when the code runs.
"""

import ast
import hashlib
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path


class Sources:
    """The modules of `project`, which are imported already.

    Those `gathering` import all alterations, and what they import is no part of each of these.
    """

    def __init__(self, project: Path, gathering: set[str]):
        self.gathering = gathering
        sdk = Path(__file__).resolve().parent
        modules = {name: getattr(one, "__file__", None) for name, one in list(sys.modules.items())}
        self._files = {name: Path(file).resolve() for name, file in modules.items() if file}
        self._own = {
            name
            for name, file in self._files.items()
            if file.is_relative_to(project)
            and not file.is_relative_to(sdk)
            and "site-packages" not in file.parts
        }

    def of(self, module: str) -> list[str]:
        """The module, and then those that it imports, itself or through others, in order."""
        found, waiting = set(), [module]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                if name == module or name not in self.gathering:
                    waiting.extend(self._imports(name))
        return [module, *sorted(found - {module})]

    def checksum(self, modules: list[str]) -> str:
        """Of their names and texts, whose lines may end as Git likes it."""
        digest = hashlib.sha256()
        for name in modules:
            text = self._files[name].read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{name} {len(text)}\n".encode() + text)
        return digest.hexdigest()

    def file(self, module: str) -> Path:
        """Where a module of the project is."""
        return self._files[module]

    def is_own(self, file: Path) -> bool:
        """Whether a file is a module of the project's own."""
        return any(self._files[name] == file for name in self._own)

    def _imports(self, module: str) -> Iterator[str]:
        file = self._files[module]
        package = module if file.name == "__init__.py" else module.rpartition(".")[0]
        for node in ast.walk(ast.parse(file.read_bytes())):
            match node:
                case ast.Import():
                    for one in node.names:
                        yield from self._with_packages(one.name)
                case ast.ImportFrom():
                    written = "." * node.level + (node.module or "")
                    origin = importlib.util.resolve_name(written, package)
                    for one in node.names:
                        inner = f"{origin}.{one.name}"
                        yield from self._with_packages(inner if inner in self._own else origin)

    def _with_packages(self, module: str) -> Iterator[str]:
        """The module, and the packages that it lies in, whose code runs before its own."""
        yield from self._own & ({module} | packages(module) - self.gathering)


def packages(module: str) -> set[str]:
    """The names of all packages that the module lies in."""
    parts = module.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts))}
