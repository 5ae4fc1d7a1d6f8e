"""Registering alterations, and what their hooks may give back."""

import unittest

from alteration_sdk import FINISHED, Alteration, Error, More, component, host
from alteration_sdk.alteration import registered
from alteration_sdk.log import count


class Alterations(unittest.TestCase):
    def setUp(self):
        registered.clear()
        self.lines = []
        log = host.log.log
        host.log.log = lambda level, line: self.lines.append(line)
        self.addCleanup(setattr, host.log, "log", log)

    def failure(self, call, *arguments):
        with self.assertRaises(host.Err) as raised:
            call(*arguments)
        return raised.exception.value

    def test_ids_are_of_one_class(self):
        class One(Alteration, id="1-x"):
            pass

        self.assertIs(registered["1-x"], One)
        with self.assertRaises(TypeError):

            class Two(Alteration, id="1-x"):
                pass

    def test_hooks_that_nothing_would_run(self):
        with self.assertRaisesRegex(TypeError, "`async` or yields"):

            class Async(Alteration, id="1-x"):
                async def up(self, db):
                    pass

        with self.assertRaisesRegex(TypeError, "`async` or yields"):

            class Yields(Alteration, id="1-y"):
                def step(self, db, state):
                    yield

        self.assertEqual(registered, {})

    def test_failures(self):
        class Fails(Alteration, id="1-x"):
            def up(self, db):
                raise KeyError("where")

            def before_up(self, db):
                return 1

        error = self.failure(component.Hooks().up, "1-x")
        self.assertEqual(error.message, "KeyError: 'where'")
        self.assertEqual(error.kind, host.types.ErrorKind.OTHER)
        self.assertTrue(any("raise KeyError" in line for line in self.lines), self.lines)
        self.assertIn("no `down`", self.failure(component.Hooks().down, "1-x").message)
        error = self.failure(component.Preparation().before_up, "1-x")
        self.assertIn("`before_up` returned int", error.message)
        self.assertIn("no 2-y; it has 1-x", self.failure(component.Hooks().up, "2-y").message)

    def test_steps(self):
        class Steps(Alteration, id="1-x"):
            def step(self, db, state):
                return [More({"at": "ü"}, 1, 2), FINISHED, None][(state or {"n": 0})["n"]]

        step = component.Backfill().step
        more = step("1-x", None).value
        self.assertEqual((more.state, more.done, more.total), ('{"at": "ü"}'.encode(), 1, 2))
        self.assertIsInstance(step("1-x", b'{"n": 1}'), host.backfill.StepResult_Finished)
        self.assertIn("returned NoneType", self.failure(step, "1-x", b'{"n": 2}').message)

    def test_states_that_cannot_be_kept(self):
        for more in [More({1, 2}), More("\ud800"), More(0, -1), More(0, 0, 1.5)]:
            with self.assertRaises(Error):
                more.encoded()
        with self.assertRaises(Error):
            count("done", True)
