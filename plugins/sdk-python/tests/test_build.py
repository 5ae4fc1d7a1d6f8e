"""What is checked before anything is built."""

import importlib
import sys
import tempfile
import unittest
from pathlib import Path

from alteration_sdk import FINISHED, Alteration
from alteration_sdk.build import add_checksums
from alteration_sdk.checksum import Sources
from alteration_sdk.componentize import BuildError, check, world
from alteration_sdk.stamp import Stamp


class Plain(Alteration):
    def up(self, db):
        pass

    def down(self, db):
        pass


class NoWayBack(Alteration):
    def up(self, db):
        pass


class Steps(Plain):
    def step(self, db, state):
        return FINISHED


class Prepared(Plain):
    def before_down(self, db):
        pass


def manifest(*alterations):
    return {"alterations": [{"id": "1-x", **rest} for rest in alterations]}


ALTERATIONS = {"1-one": "gathers.one", "2-two": "gathers.two", "3-three": "gathers.three"}
FILES = {
    "gathers/__init__.py": "from . import one, two, three\n",
    "gathers/one.py": "import json\nfrom .near import number\n",
    "gathers/two.py": "import aside.far as far\nimport alteration_sdk\n",
    "gathers/three.py": "",
    "gathers/near.py": "def number():\n    from aside import far\n    return far.number\n",
    "aside/__init__.py": "",
    "aside/far.py": "number = 1\n",
    "unused.py": "import gathers.one\n",
}


class Project:
    """A folder with `files`, all of which are modules."""

    def __init__(self, test: unittest.TestCase, files: dict[str, str]):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self._folder = Path(folder.name).resolve()
        for file, text in files.items():
            self.write(file, text)
        names = [file.removesuffix(".py").removesuffix("/__init__") for file in files]
        self._modules = [name.replace("/", ".") for name in names]

    def write(self, file: str, text: str) -> None:
        path = self._folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(text.encode())

    def sources(self) -> Sources:
        sys.path.insert(0, str(self._folder))
        importlib.invalidate_caches()
        try:
            for name in self._modules:
                importlib.import_module(name)
            return Sources(self._folder, {"gathers"})
        finally:
            sys.path.pop(0)
            for name in self._modules:
                sys.modules.pop(name, None)

    def checksums(self, modules: dict[str, str] = ALTERATIONS) -> dict[str, str]:
        declared = {id: {} for id in modules}
        add_checksums(declared, modules, self.sources())
        return {id: one["checksum"] for id, one in declared.items() if one}


class Checks(unittest.TestCase):
    def test_manifest_and_classes_agree(self):
        check(manifest({}), {"1-x": Plain}, "m")
        check(manifest({"irreversible": True}), {"1-x": NoWayBack}, "m")
        table = [
            (manifest(), {"1-x": Plain}, "m does not declare 1-x"),
            (manifest({}), {}, 'class ...(Alteration, id="1-x")'),
            (manifest({}), {"1-x": NoWayBack}, '"irreversible": true'),
            (manifest({"irreversible": True}), {"1-x": Plain}, "is irreversible"),
            (manifest({}), {"1-x": Alteration}, "no `up`"),
        ]
        for declared, classes, words in table:
            with self.assertRaises(BuildError) as raised:
                check(declared, classes, "m")
            self.assertIn(words, str(raised.exception))

    def test_no_more_exports_than_hooks(self):
        table = [
            ([Plain], "alteration"),
            ([Plain, Prepared], "alteration-preparation"),
            ([Steps], "alteration-backfill"),
            ([Steps, Prepared], "alteration-complete"),
        ]
        for classes, expected in table:
            self.assertEqual(world(classes), expected)

    def test_several_are_told_apart_by_what_they_import(self):
        project = Project(self, FILES)
        before = project.checksums()
        self.assertRegex(before["1-one"], "^[0-9a-f]{64}$")
        table = [
            # An edit to this changes these.
            ("gathers/one.py", {"1-one"}),
            ("gathers/near.py", {"1-one"}),
            ("aside/__init__.py", {"1-one", "2-two"}),
            ("aside/far.py", {"1-one", "2-two"}),
            ("gathers/three.py", {"3-three"}),
            ("gathers/__init__.py", set()),
            ("unused.py", set()),
        ]
        for file, expected in table:
            with self.subTest(file):
                project.write(file, FILES[file] + "\nedited = 1\n")
                after = project.checksums()
                project.write(file, FILES[file])
                self.assertEqual({id for id in after if after[id] != before[id]}, expected)
        for file, text in FILES.items():
            project.write(file, text.replace("\n", "\r\n"))
        self.assertEqual(project.checksums(), before, "ends of lines")
        self.assertEqual(Project(self, FILES).checksums(), before, "another folder")

    def test_what_imports_each_other_is_told_apart(self):
        files = {"gathers/__init__.py": "", "gathers/one.py": "from . import two"}
        project = Project(self, {**files, "gathers/two.py": "from . import one"})
        checksums = project.checksums({"1-one": "gathers.one", "2-two": "gathers.two"})
        self.assertNotEqual(checksums["1-one"], checksums["2-two"])

    def test_one_beside_the_imports_of_all_is_made_of_all(self):
        project, modules = Project(self, FILES), {"0-zero": "gathers", "2-two": "gathers.two"}
        before = project.checksums(modules)
        project.write("gathers/near.py", "number = 2\n")
        after = project.checksums(modules)
        self.assertNotEqual(after["0-zero"], before["0-zero"])
        self.assertEqual(after["2-two"], before["2-two"])

    def test_what_cannot_be_told_apart(self):
        shared = {"gathers/__init__.py": "shared = 1\n", "gathers/two.py": ""}
        for words in ("from . import shared", "from gathers import *", "import gathers"):
            project = Project(self, {**shared, "gathers/one.py": words})
            with self.assertRaisesRegex(BuildError, "gathers.one imports from gathers, which .* 1-one$"):
                project.checksums({"1-one": "gathers.one", "2-two": "gathers.two"})
        project = Project(self, FILES)
        with self.assertRaisesRegex(BuildError, "gathers.one holds both 1-one and 2-two"):
            project.checksums({"1-one": "gathers.one", "2-two": "gathers.one"})
        self.assertEqual(project.checksums({"1-one": "gathers.one"}), {}, "its own bytes identify it")
        declared = {"1-one": {"checksum": "given"}, "2-two": {}, "3-three": {}}
        add_checksums(declared, ALTERATIONS, project.sources())
        self.assertEqual(declared["1-one"]["checksum"], "given")

    def test_up_to_date(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            source, out = folder / "a.py", folder / "dist"
            source.write_text("1")
            out.mkdir()
            stamp = lambda: Stamp(folder / ".build" / "inputs", [source], out)
            self.assertFalse(stamp().holds())
            (out / "x.wasm").write_text("")
            stamp().write()
            self.assertTrue(stamp().holds())
            source.write_text("2")
            self.assertFalse(stamp().holds())
            source.write_text("1")
            (out / "x.wasm").unlink()
            self.assertFalse(stamp().holds())
