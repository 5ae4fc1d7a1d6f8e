"""What the operator says, by name."""

from alteration_sdk import log, settings

from . import see


def setting_given(db):
    value = settings.get("argument")
    see(db, "length", "null" if value is None else len(value))
    see(db, "argument", "null" if value is None else value[:20])


def setting_undeclared(db):
    settings.get("MORE")
    log.info("it was given more")


CASES = (setting_given, setting_undeclared)
