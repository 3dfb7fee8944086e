"""A TAXII 2.1 server of the feed, to be read: one API root, and one collection for each reach."""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import uuid5

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.feeds.access import FRESH, Shelf
from bot.feeds.campaigns import Publisher, Reach
from bot.feeds.stix import Thing, namespace, written
from bot.partners.guard import Problem
from bot.store.transaction import StoreFailed

log = structlog.get_logger()

MEDIA_TYPE = "application/taxii+json;version=2.1"
STIX_TYPE = "application/stix+json;version=2.1"
ROOT = "/taxii2/warnings/"
PAGE = 200
LARGEST_PAGE = 500
_TITLES = {
    Reach.PUBLIC: ("Early warnings, public", "TLP:CLEAR. Needs no key."),
    Reach.PARTNERS: ("Early warnings, partners", "Up to TLP:AMBER. Needs a key with the scope feeds."),
    Reach.AGENCIES: (
        "Early warnings, agencies",
        "With telephones and accounts (TLP:AMBER). Needs a key with the scopes feeds and identifiers.",
    ),
}

Handler = Callable[[Request], Awaitable[Response]]


class Refused(Exception):
    """A request that TAXII answers with an error message."""

    def __init__(self, status: int, title: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(title)
        self.status = status
        self.title = title
        self.headers = dict(headers or {})


@dataclass(frozen=True)
class Page:
    """A page of things: `next` asks for the one after it, "" on the last."""

    things: Sequence[Thing]
    next: str

    @property
    def headers(self) -> dict[str, str]:
        if not self.things:
            return {}
        first, last = self.things[0].added, self.things[-1].added
        return {"X-TAXII-Date-Added-First": written(first), "X-TAXII-Date-Added-Last": written(last)}

    @property
    def envelope(self) -> dict[str, object]:
        """Its frame: whether there is more."""
        return {"more": True, "next": self.next} if self.next else {"more": False}


class Taxii:
    """Answers the requests of one running bot."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def routes(self) -> list[Route]:
        """Every endpoint, read-only."""
        of_one = ROOT + "collections/{collection}/"
        gets: dict[str, Handler] = {
            "/taxii2/": self.discovery,
            ROOT: self.root,
            ROOT + "collections/": self.collections,
            of_one: self.collection,
            of_one + "manifest/": self.manifest,
            of_one + "objects/": self.objects,
            of_one + "objects/{id}/": self.one,
            of_one + "objects/{id}/versions/": self.versions,
        }
        found = [Route(path, self._told(handler), methods=["GET"]) for path, handler in gets.items()]
        # Somebody who would add or remove is told that nobody may.
        writes = [(of_one + "objects/", "POST"), (of_one + "objects/{id}/", "DELETE")]
        found += [Route(path, self._told(self.write, reads=False), methods=[method]) for path, method in writes]
        return [*found, Route("/taxii2/{rest:path}", self._told(self.nothing))]

    def _told(self, handler: Handler, *, reads: bool = True) -> Handler:
        async def answer(request: Request) -> Response:
            try:
                _acceptable(request)
                if not reads:
                    _writable(request)
                return await handler(request)
            except Refused as refused:
                return _error(refused.status, refused.title, headers=refused.headers)
            except Problem as problem:
                headers = dict(problem.headers)
                if "WWW-Authenticate" in headers:
                    headers["WWW-Authenticate"] += ', Basic realm="rutan"'
                return _error(problem.trouble.status, problem.trouble.title, problem.detail, headers)
            except StoreFailed as trouble:
                log.error("the feed could not reach the database", exc_info=trouble)
                return _error(503, "The database does not answer")

        return answer

    # Endpoints

    async def discovery(self, request: Request) -> Response:
        """What this server is, and where its API root is."""
        publisher = self._shelf.publisher
        root = f"{publisher.url}{ROOT}"
        said = {"title": f"Early warnings of {publisher.name}", "default": root, "api_roots": [root]}
        if publisher.contact:
            said["contact"] = publisher.contact
        return _said(said)

    async def root(self, request: Request) -> Response:
        """The API root."""
        return _said({"title": "Early warnings", "versions": [MEDIA_TYPE], "max_content_length": 1})

    async def collections(self, request: Request) -> Response:
        """Those that whoever asks may read."""
        may = await self._shelf.may(request)
        return _said({"collections": [self._described(each) for each in Reach if may.includes(each)]})

    async def collection(self, request: Request) -> Response:
        """One of them."""
        return _said(self._described(await self._asked(request)))

    async def objects(self, request: Request) -> Response:
        """A page of objects."""
        page = _page(request, await self._things(request))
        bodies = [each.body for each in page.things]
        return _said(page.envelope | ({"objects": bodies} if bodies else {}), page.headers)

    async def manifest(self, request: Request) -> Response:
        """The same page without the objects themselves."""
        page = _page(request, await self._things(request))
        records = [
            {"id": each.id, "date_added": written(each.added), "version": each.version, "media_type": STIX_TYPE}
            for each in page.things
        ]
        return _said(page.envelope | ({"objects": records} if records else {}), page.headers)

    async def one(self, request: Request) -> Response:
        """One object: the newest version, which is the only one that is kept."""
        page = _page(request, await self._known(request))
        bodies = [each.body for each in page.things]
        return _said(page.envelope | ({"objects": bodies} if bodies else {}), page.headers)

    async def versions(self, request: Request) -> Response:
        """The versions of one object."""
        page = _page(request, await self._known(request))
        return _said(page.envelope | {"versions": [each.version for each in page.things]}, page.headers)

    async def write(self, request: Request) -> Response:
        """Nobody writes here: what stands in the feed, two officials have confirmed at the desk."""
        await self._asked(request)
        raise Refused(403, "This collection is read-only")

    async def nothing(self, request: Request) -> Response:
        """Anything else; whoever has left out the slash that ends every address of TAXII is sent there."""
        if not request.url.path.endswith("/"):
            asked = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(f"{quote(request.url.path)}/{asked}", status_code=308)
        raise Refused(404, "There is nothing here")

    # What they stand on

    async def _asked(self, request: Request) -> Reach:
        """The collection that the address names, for whoever may read it."""
        wanted = request.path_params["collection"]
        reach = next(
            (each for each in Reach if wanted in (collection_id(self._shelf.publisher, each), each.value)), None
        )
        if reach is None:
            raise Refused(404, "There is no such collection")
        await self._shelf.admit(request, reach)
        return reach

    async def _things(self, request: Request) -> Sequence[Thing]:
        reach = await self._asked(request)
        return await self._shelf.made("stix", reach, self._shelf.things)

    async def _known(self, request: Request) -> Sequence[Thing]:
        found = [each for each in await self._things(request) if each.id == request.path_params["id"]]
        if not found:
            raise Refused(404, "There is no such object")
        return found

    def _described(self, reach: Reach) -> dict[str, object]:
        title, description = _TITLES[reach]
        return {
            "id": collection_id(self._shelf.publisher, reach),
            "title": title,
            "description": description,
            "alias": reach.value,
            "can_read": True,
            "can_write": False,
            "media_types": [STIX_TYPE],
        }


def collection_id(publisher: Publisher, reach: Reach) -> str:
    """The id of a collection of this house; its alias is the name of the reach."""
    return str(uuid5(namespace(publisher), f"collection {reach.value}"))


# --- what is asked for -------------------------------------------------------------------------------------------------
def _acceptable(request: Request) -> None:
    """Whoever takes no TAXII 2.1 is told that there is nothing else."""
    said = request.headers.get("accept", "")
    for each in said.split(",") if said.strip() else ["*/*"]:
        kind, *parameters = (part.strip().lower() for part in each.split(";"))
        versions = [value.strip('"') for value in parameters if value.startswith("version=")]
        if kind in ("*/*", "application/*") or (kind == "application/taxii+json" and versions in ([], ["version=2.1"])):
            return
    raise Refused(406, f"Only {MEDIA_TYPE} is served")


def _writable(request: Request) -> None:
    if request.method != "POST":
        return
    kind, _, parameters = request.headers.get("content-type", "").lower().replace(" ", "").partition(";")
    if kind != "application/taxii+json" or parameters not in ("", "version=2.1"):
        raise Refused(415, f"Only {MEDIA_TYPE} can be sent")


def _page(request: Request, found: Sequence[Thing]) -> Page:
    """The page that the filters of a request ask for; `found` is in the order in which it was added."""
    asked = request.query_params
    chosen = [each for each in found if _matches(each, asked)]
    if after := asked.get("added_after"):
        moment = _moment(after)
        chosen = [each for each in chosen if each.added > moment]
    start = bisect_right([each.place for each in chosen], _after(asked["next"])) if "next" in asked else 0
    limit = _limit(asked.get("limit"))
    here = chosen[start : start + limit]
    more = start + limit < len(chosen)
    return Page(here, _token(here[-1]) if more else "")


def _matches(thing: Thing, asked: Mapping[str, str]) -> bool:
    """One version of an object is kept, so it is the first, the last and all of them."""
    ids, types, specs = (_wanted(asked, name) for name in ("id", "type", "spec_version"))
    versions = _wanted(asked, "version")
    return (
        (not ids or thing.id in ids)
        and (not types or thing.type in types)
        and (not specs or "2.1" in specs)
        and (not versions or bool(versions & {"first", "last", "all", thing.version}))
    )


def _wanted(asked: Mapping[str, str], name: str) -> set[str]:
    return set(filter(None, asked.get(f"match[{name}]", "").split(",")))


def _limit(said: str | None) -> int:
    if said is None:
        return PAGE
    if not (said.isascii() and said.isdigit() and len(said) < 10 and int(said)):
        raise Refused(400, "limit is a whole number from 1")
    return min(int(said), LARGEST_PAGE)


def _moment(said: str) -> datetime:
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise Refused(400, "added_after is written as in 2026-11-22T05:00:00.000Z") from None
    if moment.tzinfo is None:
        raise Refused(400, "added_after needs a time zone")
    return moment


def _token(thing: Thing) -> str:
    return base64.urlsafe_b64encode("|".join(thing.place).encode()).decode().rstrip("=")


def _after(token: str) -> tuple[str, str]:
    try:
        moment, _, id = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition("|")
    except (binascii.Error, ValueError):
        raise Refused(400, "next is taken from the page before, as it is") from None
    if not id:
        raise Refused(400, "next is taken from the page before, as it is")
    return moment, id


# --- answers -----------------------------------------------------------------------------------------------------------
def _said(body: Mapping[str, object], headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    text = json.dumps(body, ensure_ascii=False)
    given = {"Content-Type": MEDIA_TYPE, "Cache-Control": f"private, {FRESH}", **(headers or {})}
    return Response(text.encode(), status_code=status, headers=given)


def _error(status: int, title: str, detail: str = "", headers: Mapping[str, str] | None = None) -> Response:
    body = {"title": title, "http_status": str(status)} | ({"description": detail} if detail else {})
    return _said(body, headers, status)
