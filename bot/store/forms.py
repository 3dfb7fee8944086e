"""How our dataclasses are written as JSON and read again: the one place that knows.

Reading is strict about types and enums. A field that a later version added takes its default, one that it
dropped is passed over: so that what an older version left in the database can still be answered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from handlers.errors import RutanError
from handlers.messages import Address, Reply

T = TypeVar("T")
_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class FormBroken(RutanError):
    """What was stored is not of the form that it should have."""


@dataclass(frozen=True)
class Envelope:
    """The sealed part of a letter: all that quotes a person or would let somebody answer in our name."""

    address: Address
    reply: Reply
    reply_token: str = ""
    callback_id: str = ""


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    # Made when first needed and kept: making one takes milliseconds.
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def write(value: object) -> str:
    """The value as JSON. Half characters (lone surrogates, which no database takes) become U+FFFD."""
    adapter = _adapter(type(value))
    try:
        return adapter.dump_json(value).decode()
    except PydanticSerializationError:
        return to_json(_mend(adapter.dump_python(value))).decode()


def read(kind: type[T], text: str) -> T:
    """The value again. Raises FormBroken; its message names fields and never their content."""
    try:
        value: T = _adapter(kind).validate_json(text, strict=True)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, fault["loc"])) or "all of it" for fault in error.errors()}))
        # `from None`: pydantic's own message quotes the content.
        raise FormBroken(f"a stored {kind.__name__} cannot be read: {fields}") from None
    return value


def mended(value: T) -> T:
    """The value without half characters; the value itself where it has none."""
    try:
        _adapter(type(value)).dump_json(value)
    except PydanticSerializationError:
        return read(type(value), write(value))
    return value


def _mend(value: object) -> object:
    if isinstance(value, str):
        return _HALF_CHARACTER.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_mend(key): _mend(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_mend(each) for each in value]
    return value


def stamp(moment: datetime) -> str:
    """A moment as text of one width in UTC, so that text order is time order."""
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone means nothing")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    """What `stamp` wrote."""
    return datetime.fromisoformat(text)
