"""The error of a hook: what the database said, or the author's own words."""

from enum import StrEnum

from . import host


class ErrorKind(StrEnum):
    """What sort of error it is, the same on every database."""

    #: A constraint was violated; `Error.constraint` names it where the database does.
    CONSTRAINT = "constraint"
    #: Another transaction was in the way.
    SERIALIZATION = "serialization"
    #: The statement is not for guests: transaction control, other files, the runner's tables.
    DENIED = "denied"
    #: A bound of this run was reached: rows, bytes, handles, time.
    LIMIT = "limit"
    #: The database does not understand the statement, or it is not one statement.
    SYNTAX = "syntax"
    #: A value does not fit, or the number of values is wrong.
    CONVERSION = "conversion"
    #: The connection is gone.
    DISCONNECTED = "disconnected"
    #: Anything else, such as a table that does not exist.
    OTHER = "other"


class Error(Exception):
    """Why a statement or a hook failed.

    Raised out of a hook, it fails the alteration, and its message is what the operator reads. After
    a statement has failed the host lets no hook succeed, on any database: an error can be made
    clearer, but not ignored.

        try:
            db.execute("ALTER TABLE customers ADD CONSTRAINT email_once UNIQUE (email)")
        except Error as error:
            raise Error("two customers have the same address; merge them first") from error
    """

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind = ErrorKind.OTHER,
        sqlstate: str | None = None,
        constraint: str | None = None,
        retryable: bool = False,
    ):
        super().__init__(message)
        self.message = message
        self.kind = kind
        #: The database's five-character code, where it has one.
        self.sqlstate = sqlstate
        #: The constraint that was violated, where the database names it.
        self.constraint = constraint
        #: Whether the whole alteration may succeed when it is run again.
        self.retryable = retryable


def conversion(message: str) -> Error:
    return Error(message, kind=ErrorKind.CONVERSION)


class _Raised:
    def __enter__(self) -> None:
        pass

    def __exit__(self, kind, error, _traceback) -> None:
        if kind is not host.Err:
            return
        value = error.value
        raise Error(
            value.message,
            kind=ErrorKind[value.kind.name],
            sqlstate=value.sqlstate,
            constraint=value.constraint,
            retryable=value.retryable,
        ) from None


#: `with raised:` turns what a call of the host raises into an `Error`.
raised = _Raised()


def to_host(error: BaseException):
    """The error as the host wants it returned."""
    if not isinstance(error, Error):
        error = Error(_described(error))
    return host.types.Error(
        kind=host.types.ErrorKind[error.kind.name],
        message=sendable(error.message),
        sqlstate=error.sqlstate,
        constraint=error.constraint,
        retryable=error.retryable,
    )


def sendable(text: object) -> str:
    """The text without what cannot be UTF-8, which would end the component."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")


def _described(error: BaseException) -> str:
    described = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    if isinstance(error, ImportError):
        # componentize-py keeps what was imported when it built, and no files.
        described += "; a component has no files: import it at the top of a module"
    return described
