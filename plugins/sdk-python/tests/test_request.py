"""What the builder answers to `runner build`, and what it refuses. No component is made here."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SDK = Path(__file__).resolve().parent.parent
ONE, TWO = "1.0.0-1-one", "1.1.0-2-two"
BOTH = """
    def up(self, db): pass
    def down(self, db): pass
"""


def module(id: str, hooks: str = BOTH, imports: str = "") -> str:
    head = f"from alteration_sdk import FINISHED, Alteration\n{imports}\n"
    return f'{head}\nclass One(Alteration, id="{id}"):\n{hooks}'


def manifest(*declarations: dict) -> str:
    return json.dumps({"manifest": 1, "plugin": "a/b", "alterations": declarations})


FILES = {
    "alteration.json": manifest({"id": ONE}, {"id": TWO, "irreversible": True}),
    "alterations/one_1.py": module(ONE, imports="from shared import deep"),
    "alterations/2two_2.py": module(
        TWO, "    def up(self, db): pass\n    before_up = up\n    def step(self, db, last): return FINISHED\n"
    ),
    "alterations/shapes.py": "",
    "alterations/test_one.py": "import gone",
    "shared/__init__.py": "",
    "shared/deep.py": "",
    "unused.py": "",
}


class Requests(unittest.TestCase):
    def ask(self, files: dict[str, str | None] = {}, components: list = []) -> tuple[int, str, dict]:
        """The exit code, what was said, and the answer."""
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder).resolve()
            for name, text in {**FILES, **files}.items():
                if text is not None:
                    (project / name).parent.mkdir(exist_ok=True)
                    (project / name).write_bytes(text.encode())
            answer, request = project / "answer.json", project / "request.json"
            request.write_text(
                json.dumps(
                    {"manifest": "alteration.json", "answer": str(answer), "components": components}
                )
            )
            done = subprocess.run(
                [sys.executable, "-B", "-m", "alteration_sdk.build", "--request", request]
                + ["--wit", SDK / "../../wit"],
                cwd=project,
                env={**os.environ, "PYTHONPATH": str(SDK)},
                capture_output=True,
                encoding="utf-8",
            )
            told = json.loads(answer.read_text()) if answer.exists() else {}
            return done.returncode, done.stderr, told

    def test_all_alterations_are_described(self):
        code, said, answer = self.ask()
        self.assertEqual((code, said), (0, ""))
        one, two = answer["alterations"][ONE], answer["alterations"][TWO]
        self.assertEqual(one["files"], ["alterations/one_1.py", "shared/__init__.py", "shared/deep.py"])
        self.assertEqual(two["files"], ["alterations/2two_2.py"])
        self.assertEqual(one["hooks"], ["up", "down"])
        self.assertEqual(two["hooks"], ["up", "before-up", "step"])
        self.assertRegex(one["source"], "^[0-9a-f]{64}$")

    def test_an_edit_changes_what_imports_it(self):
        def told(files):
            _, _, answer = self.ask(files)
            sources = [answer["alterations"][id]["source"] for id in (ONE, TWO)]
            return [*sources, answer["toolchain"]]

        before = told({})
        table = [
            ("alterations/one_1.py", [True, False, False]),
            ("alterations/2two_2.py", [False, True, False]),
            ("shared/deep.py", [True, False, False]),
            ("alterations/shapes.py", [False, False, False]),
            ("unused.py", [False, False, False]),
        ]
        for name, expected in table:
            with self.subTest(name):
                after = told({name: FILES[name] + "\nedited = 1\n"})
                self.assertEqual([a != b for a, b in zip(after, before)], expected)
        ends = {name: text.replace("\n", "\r\n") for name, text in FILES.items() if name.endswith(".py")}
        self.assertEqual(told(ends), before, "ends of lines")

    def test_what_does_not_fit_is_refused(self):
        one = "alterations/one_1.py"
        table = [
            ({one: None}, f"alteration.json declares {ONE}, which no class is"),
            ({"alteration.json": manifest({"id": ONE})}, f"alteration.json does not declare {TWO}"),
            ({one: module(ONE, "    def down(self, db): pass\n")}, "One has no `up`"),
            ({one: module(ONE, "    def up(self, db): pass\n")}, "One has no `down`"),
            ({"alterations/2two_2.py": module(TWO)}, f"{TWO} is irreversible"),
            ({one: module(ONE) + module(TWO), "alterations/2two_2.py": None}, "alterations/one_1.py holds both"),
            ({"alterations/again.py": module(ONE)}, "alterations/one_1.py: TypeError: One and One both are"),
            ({"shared/deep.py": module("1.0.0-3-x")}, "shared.deep holds 1.0.0-3-x: an alteration is a module of"),
            ({one: "x = ("}, 'alterations/one_1.py: File "alterations/one_1.py", line 1'),
            ({one: "import gone"}, "alterations/one_1.py: ModuleNotFoundError: No module named 'gone'"),
            ({"shared/deep.py": "\n1 / 0"}, "ZeroDivisionError: division by zero\n  at alterations/one_1.py:2\n  at shared/deep.py:2"),
            ({"alterations/a.b.py": ""}, "alterations/a.b.py: Python imports no module with a dot"),
            ({"alteration.json": "{"}, "alteration.json: "),
        ]
        for files, words in table:
            with self.subTest(words):
                code, said, _ = self.ask(files)
                self.assertEqual(code, 1)
                self.assertTrue(said.startswith("error: "), said)
                self.assertIn(words, said)
        code, said, _ = self.ask(components=[{"output": "/nowhere", "alterations": ["1.0.0-9-x"]}])
        self.assertEqual((code, said), (1, "error: alterations/ has no 1.0.0-9-x\n"))
