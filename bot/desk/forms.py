"""What a browser sends to the desk: forms within bounds, from our own pages, and paths that lead nowhere else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from bot.web import TooLarge, whole_body
from bot.webform import Chosen, with_file
from bot.webform import Refused as FormRefused

HOME = "/desk"
# The one page whose form brings a file.
TAKES_A_FILE = "/desk/forwarded/read"
# The longest form is an entry of the knowledge in two languages, some 60 kB with every letter of Thai written as %E0%B8%81.
LARGEST_FORM = 512 * 1024
MOST_FIELDS = 1_000
_OWN = re.compile(r"/desk(?:/[\w.~%-]+)*/?(?:\?[\w.~%&=+:,@!-]*)?", re.ASCII)


class Refused(Exception):
    """This page says no. `status` picks the words (label `refused.STATUS`), unless `why` names another label."""

    def __init__(self, status: int, why: str = "") -> None:
        super().__init__(f"{status} {why}")
        self.status = status
        self.why = why or f"refused.{status}"


class Form(dict[str, str]):
    """The fields of a form; of a field given several times the last, and all of them by `every`."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        super().__init__(fields)
        self._fields = fields
        self.file = Chosen()

    def every(self, name: str) -> tuple[str, ...]:
        """All values of one field: the ticked boxes."""
        return tuple(value for key, value in self._fields if key == name)


async def fields_of(request: Request) -> Form:
    """The form in a request. Raises Refused: 413 (too large), 415 (another kind), 400 (too many fields)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data" and request.url.path == TAKES_A_FILE:
        return await _with_file(request)
    if kind != "application/x-www-form-urlencoded":
        raise Refused(415)
    try:
        body = await whole_body(request, LARGEST_FORM)
        text = body.decode("utf-8", "replace")
        fields = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except TooLarge:
        raise Refused(413) from None
    except ValueError:
        raise Refused(400) from None
    # A browser sends every line end as two characters; we keep one. PostgreSQL takes no NUL.
    return Form([(name, value.replace("\r\n", "\n").replace("\0", "")) for name, value in fields])


async def _with_file(request: Request) -> Form:
    try:
        fields, chosen = await with_file(request, "file")
    except TooLarge:
        raise Refused(413) from None
    except (MultiPartException, FormRefused, ClientDisconnect):
        raise Refused(400) from None
    form = Form(list(fields.items()))
    form.file = chosen
    return form


def from_our_page(request: Request, public_url: str) -> bool:
    """A browser says itself where a form was sent from; one that says nothing still needs the proof in the form."""
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = request.headers.get("origin")
    ours = (request.headers.get("host", ""), urlsplit(public_url).netloc)
    return origin is None or urlsplit(origin).netloc in ours


def own_path(wanted: str) -> str:
    """The wanted path where it is one of the desk, else the desk's first page: `next=` leads nowhere else."""
    return wanted if _OWN.fullmatch(wanted) and ".." not in wanted else HOME


def asked_for(request: Request) -> str:
    """The path of a request with its question, as a way back to it."""
    return own_path(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
