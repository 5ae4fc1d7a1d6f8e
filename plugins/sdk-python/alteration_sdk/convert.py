"""Python's values <-> the host's, checked on the way out.

A value of a wrong type would end the component without a word about which one it was, so nothing
reaches the bindings that was not looked at here.
"""

from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from typing import Any
from uuid import UUID

from . import iso, purity
from .errors import conversion
from .host import types
from .values import Date, Json, Other, Time, Timestamp, Timestamptz

INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1
# Beyond, the digits of a decimal are a text of a size that nobody meant.
_DIGITS_MAX = 100_000
_VALUE = attrgetter("value")


def parameters(values: tuple) -> list:
    return [to_host(value, _nth_parameter, number) for number, value in enumerate(values, 1)]


def _nth_parameter(number: int) -> str:
    return f"parameter {number}"


def to_host(value: Any, what, where: Any):
    """The host's value. `what(where)` names it in errors; called only for one."""
    try:
        encode = _ENCODERS.get(type(value)) or _encoder_of_base(value)
        if encode is None:
            raise ValueError(_advice(value))
        return encode(value)
    except (ValueError, OverflowError) as error:
        raise conversion(f"{what(where)}: {error}") from None


def from_host(value) -> Any:
    return _DECODERS[type(value)](value)


def _encoder_of_base(value: Any):
    """The encoder of a class that `value`'s own is derived from."""
    for base in type(value).__mro__[1:]:
        if base in _ENCODERS:
            return _ENCODERS.setdefault(type(value), _ENCODERS[base])
    return None


def _advice(value: Any) -> str:
    name = type(value).__name__
    if isinstance(value, Enum):
        return f"{name} is an enum: pass its value"
    if isinstance(value, (dict, list, tuple)):
        return f"{name} is no database value; for a JSON document pass Json.of(...)"
    return f"{name} is no database value; see alteration_sdk.values for the types there are"


def _integer(value: int):
    if INT64_MIN <= value <= INT64_MAX:
        return types.Value_Int64(int(value))
    # `str` refuses numbers of more than 4300 digits, and says so.
    return types.Value_BigInteger(str(int(value)))


def text(value: str) -> str:
    """A plain `str` that is valid Unicode."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"half of a surrogate pair at character {error.start}") from None
    # Of an enum of texts too: its own `str` may be its name.
    return str.__str__(value)


def _decimal(value: Decimal):
    if not value.is_finite():
        raise ValueError(f"{value} is not a decimal number that every database has")
    if abs(value.adjusted()) > _DIGITS_MAX or len(value.as_tuple().digits) > _DIGITS_MAX:
        raise ValueError(f"a decimal with more than {_DIGITS_MAX} digits")
    return types.Value_Decimal(format(value, "f"))


def _datetime(value: datetime):
    if value.tzinfo is None:
        return types.Value_Timestamp(iso.write_timestamp(value))
    return types.Value_Timestamptz(iso.write_timestamptz(value))


def _time(value: time):
    if value.tzinfo is not None:
        raise ValueError("a time with a zone; pass a datetime, or Other('timetz', ...)")
    return types.Value_Time(value.isoformat())


_ENCODERS = {
    type(None): lambda _: types.Value_Null(),
    bool: lambda value: types.Value_Boolean(value),
    int: _integer,
    float: lambda value: types.Value_Float64(float(value)),
    str: lambda value: types.Value_Text(text(value)),
    bytes: lambda value: types.Value_Bytes(bytes(value)),
    bytearray: lambda value: types.Value_Bytes(bytes(value)),
    memoryview: lambda value: types.Value_Bytes(bytes(value)),
    Decimal: _decimal,
    purity.REAL_DATETIME: _datetime,
    purity.REAL_DATE: lambda value: types.Value_Date(value.isoformat()),
    time: _time,
    timedelta: lambda value: types.Value_Time(iso.write_duration(value)),
    UUID: lambda value: types.Value_Uuid(str(value)),
    Json: lambda value: types.Value_Json(text(value.text)),
    Date: lambda value: types.Value_Date(text(value.text)),
    Time: lambda value: types.Value_Time(text(value.text)),
    Timestamp: lambda value: types.Value_Timestamp(text(value.text)),
    Timestamptz: lambda value: types.Value_Timestamptz(text(value.text)),
    Other: lambda value: types.Value_Other(
        types.OtherValue(text(value.type_name), text(value.text))
    ),
}

_DECODERS_BY_NAME = {
    "Value_Null": lambda _: None,
    "Value_Boolean": _VALUE,
    "Value_Int64": _VALUE,
    "Value_BigInteger": lambda value: int(value.value),
    "Value_Float64": _VALUE,
    "Value_Decimal": lambda value: Decimal(value.value),
    "Value_Text": _VALUE,
    "Value_Bytes": _VALUE,
    "Value_Date": lambda value: iso.read_date(value.value),
    "Value_Time": lambda value: iso.read_time(value.value),
    "Value_Timestamp": lambda value: iso.read_timestamp(value.value),
    "Value_Timestamptz": lambda value: iso.read_timestamptz(value.value),
    "Value_Uuid": lambda value: UUID(value.value),
    "Value_Json": lambda value: Json(value.value),
    "Value_Other": lambda value: Other(value.value.type_name, value.value.text),
}


class _Decoders(dict):
    """By class, filled as classes come: the bindings' own exist inside a component alone."""

    def __missing__(self, case):
        decoder = self[case] = _DECODERS_BY_NAME[case.__name__]
        return decoder


_DECODERS = _Decoders()
