"""How a case is found, and how it tells what it saw."""

from alteration_sdk import Error


def run(name, groups, db):
    """Runs the case `name` of one of the groups; none if none is named."""
    if name is None:
        return
    for group in groups:
        for case in group:
            if case.__name__ == name:
                case(db)
                return
    raise Error(f"there is no case {name}")


def see(db, what, value):
    """Notes what a case sees."""
    db.execute(f"INSERT INTO seen (what, value) VALUES ({db.placeholders(2)})", what, str(value))


def see_error(db, what, call):
    """Notes an error that the SDK or the language gives, before the host is asked."""
    try:
        call()
    except Error as error:
        see(db, what, f"{error.kind}: {error.message}")
    except IndexError as error:
        see(db, what, f"IndexError: {error}")
    else:
        see(db, what, "accepted")
