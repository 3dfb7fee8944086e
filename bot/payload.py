"""Reading JSON that others wrote: what is missing or of another kind is an empty value, never an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

Payload = Mapping[str, Any]


# Python reads no longer row of digits; the largest id of a platform has twenty.
LONGEST_NUMBER = 400


def loaded(body: bytes) -> object:
    """The JSON in `body`. Raises ValueError where it is none. A number without end is no reason to lose its neighbours."""
    try:
        try:
            return json.loads(body)
        except (json.JSONDecodeError, UnicodeDecodeError):
            raise
        except ValueError:
            return json.loads(body, parse_int=_number)
    except RecursionError as deep:  # thousands of opening brackets: no platform sends that
        raise ValueError("JSON nested too deeply") from deep


def _number(digits: str) -> int | None:
    return int(digits) if len(digits) <= LONGEST_NUMBER else None


def parsed(body: bytes | Payload) -> Payload:
    """The JSON object in `body`; an empty one where it is no object. Raises ValueError for broken JSON."""
    known = loaded(body) if isinstance(body, bytes) else body
    return known if isinstance(known, Mapping) else {}


def found(value: object, *path: str) -> object:
    """What stands at the end of a path of names, or None."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def text(value: object, *path: str) -> str:
    """A string; "" where there is none. Ids that are numbers become their digits."""
    end = found(value, *path)
    if isinstance(end, str):
        return storable(end)
    if isinstance(end, int) and not isinstance(end, bool):
        return str(end)
    return ""


def number(value: object, *path: str) -> int | None:
    end = found(value, *path)
    return end if isinstance(end, int) and not isinstance(end, bool) else None


def mapping(value: object, *path: str) -> Payload:
    end = found(value, *path)
    return end if isinstance(end, Mapping) else {}


def items(value: object, *path: str) -> Sequence[object]:
    end = found(value, *path)
    return end if isinstance(end, list) else ()


def storable(words: str) -> str:
    """Without NUL and halves of surrogate pairs: JSON can carry both, no database or encoder takes them."""
    whole = words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\x00", "")


def fingerprint(event: object) -> str:
    """A name for an event that came without one: the same event gives the same name."""
    canonical = json.dumps(event, sort_keys=True, default=str)
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()[:40]


def without(words: str, spans: Sequence[tuple[int, int]]) -> str:
    """`words` without the (offset, length) spans, counted in UTF-16 units as LINE and Telegram count."""
    units = words.encode("utf-16-le", "surrogatepass")
    for offset, length in sorted(spans, reverse=True):
        if offset >= 0 and length > 0 and (offset + length) * 2 <= len(units):
            units = units[: offset * 2] + units[(offset + length) * 2 :]
    return units.decode("utf-16-le", "replace").strip()


def unit_slice(words: str, offset: int, length: int) -> str:
    """The part of `words` that a UTF-16 offset and length name."""
    if offset < 0 or length < 0:
        return ""
    units = words.encode("utf-16-le", "surrogatepass")
    return units[offset * 2 : (offset + length) * 2].decode("utf-16-le", "replace")
