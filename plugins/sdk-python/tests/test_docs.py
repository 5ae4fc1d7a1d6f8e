"""Everything that an author can import has words and type hints, and its documentation can be made."""

import enum
import inspect
import pydoc
import subprocess
import tempfile
import unittest
from pathlib import Path

import alteration_sdk

SDK = Path(__file__).resolve().parent.parent


def lacking(name, thing):
    """What `thing` and all that is public in it lack: words, or hints of types."""
    if not (inspect.ismodule(thing) or inspect.isclass(thing) or inspect.isfunction(thing)):
        # A value has the words of its class.
        thing = type(thing)
    found = [] if told(thing) else [f"{name} has no words"]
    if inspect.isfunction(thing):
        return found + unhinted(name, thing)
    if inspect.ismodule(thing):
        names = getattr(thing, "__all__", None) or defined(thing)
        return found + [one for n in names for one in lacking(f"{name}.{n}", getattr(thing, n))]
    if inspect.isclass(thing):
        for n, member in vars(thing).items():
            if n == "__init__" and is_authors(thing):
                found += unhinted(f"{name}.{n}", member)
            if not n.startswith("_"):
                found += lacking_member(f"{name}.{n}", member)
    return found


def lacking_member(name, member):
    member = getattr(member, "func", None) or getattr(member, "fget", None) or member
    member = getattr(member, "__func__", member)
    if not inspect.isfunction(member):
        # A field or a case: its class tells of it.
        return []
    return ([] if told(member) else [f"{name} has no words"]) + unhinted(name, member)


def told(thing):
    # Of its own: a class without words would show those of its base.
    words = thing.__dict__.get("__doc__") if inspect.isclass(thing) else thing.__doc__
    # What `dataclass` and `NamedTuple` write by themselves is no documentation.
    generated = inspect.isclass(thing) and (words or "").startswith(f"{thing.__name__}(")
    return bool(words and words.strip()) and not generated


def unhinted(name, function):
    signature = inspect.signature(function)
    parameters = [one for one in signature.parameters.values() if one.name not in ("self", "cls")]
    without = [one.name for one in parameters if one.annotation is inspect.Parameter.empty]
    if function.__name__ != "__init__" and signature.return_annotation is inspect.Signature.empty:
        without.append("return")
    return [f"{name}: no type of {one}" for one in without]


def defined(module):
    names = [n for n, thing in vars(module).items() if getattr(thing, "__module__", "") == module.__name__]
    return [n for n in names if not n.startswith("_")]


def is_authors(cls):
    """Whether authors make objects of the class themselves; the host's handles come from others."""
    return issubclass(cls, (alteration_sdk.Error, alteration_sdk.More))


def public():
    return [(name, getattr(alteration_sdk, name)) for name in alteration_sdk.__all__]


class Docs(unittest.TestCase):
    def test_every_public_name_has_words_and_types(self):
        self.assertGreater(len(public()), 20)
        found = [one for name, thing in public() for one in lacking(name, thing)]
        self.assertEqual(found, [])

    def test_a_name_without_them_is_found(self):
        class Untold:
            def untold(self, one):
                pass

            @property
            def also(self) -> int:
                return 1

            def told(self, one: int) -> None:
                """Told."""

        expected = [
            "Untold has no words",
            "Untold.untold has no words",
            "Untold.untold: no type of one",
            "Untold.untold: no type of return",
            "Untold.also has no words",
        ]
        self.assertEqual(lacking("Untold", Untold), expected)

    def test_fields_have_types(self):
        for name, thing in public():
            if not inspect.isclass(thing) or issubclass(thing, enum.Enum):
                continue
            fields = getattr(thing, "__match_args__", ()) or getattr(thing, "_fields", ())
            hints = inspect.get_annotations(thing)
            self.assertEqual([field for field in fields if field not in hints], [], name)

    def test_pydoc_shows_all_of_it(self):
        page = pydoc.render_doc(alteration_sdk, renderer=pydoc.plaintext)
        for name, thing in public():
            if inspect.isclass(thing):
                self.assertIn(f"class {name}", page)

    def test_the_command_writes_a_page_for_each_module(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([SDK / "docs", folder], check=True, stdout=subprocess.DEVNULL)
            pages = sorted(path.name for path in Path(folder).iterdir())
            expected = [".entropy", "", ".log", ".settings"]
            self.assertEqual(pages, [f"alteration_sdk{name}.html" for name in expected])
            self.assertIn("BulkWriter", Path(folder, pages[1]).read_text())
