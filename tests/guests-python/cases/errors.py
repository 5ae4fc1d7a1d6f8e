"""What fails, what of it can be told, and what the operator reads."""

from alteration_sdk import Error, ErrorKind, log, settings


def error_fields(db):
    """Runs the statement of the setting `argument`, which fails."""
    try:
        db.query(settings.get("argument"))
    except Error as error:
        sqlstate, constraint = error.sqlstate or "no sqlstate", error.constraint or "no constraint"
        log.info(f"caught {error.kind}, {sqlstate}, {constraint}, {str(error.retryable).lower()}")
        raise


def error_caught(db):
    try:
        db.execute("SELECT nothing_of_this_name")
    except Error:
        pass


def error_of_kind(db):
    """An error of the guest's own, of the kind that the setting `argument` names."""
    kind = settings.get("argument")
    raise Error(f"made of {kind}", kind=ErrorKind(kind))


def error_own(db):
    raise Error("the accounts do not balance")


def error_with_cause(db):
    try:
        int("x")
    except ValueError as error:
        raise Error("customer 17") from error


def error_bug(db):
    log.info(db.query("SELECT id FROM items WHERE id = 0")[0].id)


def error_odd_text(db):
    raise Error("half a pair: \ud800, an escape: \x1b[31m")


CASES = (
    error_fields,
    error_caught,
    error_of_kind,
    error_own,
    error_with_cause,
    error_bug,
    error_odd_text,
)
