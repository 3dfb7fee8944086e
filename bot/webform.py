"""The forms of our own pages, taken in within bounds: fields, and at most one picture, which touches no disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from bot.vision.opening import LARGEST_FILE
from bot.web import LARGEST_BODY, TooLarge, whole_body

MOST_FIELDS = 10
PICTURE = "picture"
# The page carries its conversation beside the picture.
LARGEST_UPLOAD = LARGEST_FILE + LARGEST_BODY


class Refused(Exception):
    """A form that we do not take."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


@dataclass(frozen=True)
class Form:
    """`fields` by name; `picture` the bytes of a chosen file, empty where there is none."""

    fields: Mapping[str, str] = field(default_factory=dict)
    picture: bytes = field(default=b"", repr=False)


async def taken_in(request: Request) -> Form:
    """A form of ours. Raises Refused for one that is too large, broken or of another kind."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            return await _with_picture(request)
        if kind == "application/x-www-form-urlencoded":
            body = await whole_body(request)
            return Form(
                dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS))
            )
    except TooLarge:
        largest = LARGEST_UPLOAD if kind == "multipart/form-data" else LARGEST_BODY
        raise Refused(413, f"the form is over {largest} bytes") from None
    except MultiPartException:
        raise Refused(400, "the form is broken, or has too many fields or files") from None
    except ValueError:
        raise Refused(400, f"the form has more than {MOST_FIELDS} fields") from None
    except ClientDisconnect:
        raise Refused(400, "the connection broke") from None
    raise Refused(400, "the form must be application/x-www-form-urlencoded or multipart/form-data")


class _InMemory(MultiPartParser):
    """What somebody shows us lies on no disk, not even for a moment."""

    spool_max_size = LARGEST_UPLOAD + 1


async def _with_picture(request: Request) -> Form:
    fields, chosen = await with_file(request, PICTURE)
    return Form(fields, chosen.content)


@dataclass(frozen=True)
class Chosen:
    """A file that was chosen in a form; nothing where none was."""

    name: str = ""
    content: bytes = field(default=b"", repr=False)


async def with_file(request: Request, called: str) -> tuple[dict[str, str], Chosen]:
    """The fields of a multipart form, and its one file, the field `called`. Raises TooLarge, Refused or MultiPartException."""
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > LARGEST_UPLOAD:
        raise TooLarge
    stream = _bounded(request)
    parser = _InMemory(request.headers, stream, max_files=1, max_fields=MOST_FIELDS, max_part_size=LARGEST_BODY)  # type: ignore[arg-type]
    form = await parser.parse()
    try:
        if any(isinstance(value, UploadFile) and name != called for name, value in form.multi_items()):
            raise Refused(400, f"the form takes a file only as {called}")
        chosen = form.get(called)
        file = Chosen(chosen.filename or "", await chosen.read()) if isinstance(chosen, UploadFile) else Chosen()
        return {name: value for name, value in form.items() if isinstance(value, str)}, file
    finally:
        await form.close()


async def _bounded(request: Request) -> AsyncIterator[bytes]:
    taken = 0
    async for piece in request.stream():
        taken += len(piece)
        if taken > LARGEST_UPLOAD:
            raise TooLarge
        yield piece
