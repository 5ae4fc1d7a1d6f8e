"""What is checked before anything is built."""

import tempfile
import unittest
from pathlib import Path

from runner_alteration import FINISHED, Alteration
from runner_alteration.build import BuildError, add_checksums, check, world
from runner_alteration.stamp import Stamp


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

    def test_several_are_told_apart_by_their_files(self):
        here, there = Path(__file__), Path(__file__).with_name("test_row.py")
        declared = {"1-x": {}, "2-y": {}}
        add_checksums(declared, {"1-x": here, "2-y": there})
        self.assertNotEqual(declared["1-x"]["checksum"], declared["2-y"]["checksum"])
        with self.assertRaisesRegex(BuildError, "holds both 1-x and 2-y"):
            add_checksums({"1-x": {}, "2-y": {}}, {"1-x": here, "2-y": here})
        alone = {"1-x": {}}
        add_checksums(alone, {"1-x": here})
        self.assertEqual(alone, {"1-x": {}}, "its own bytes identify it")

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
