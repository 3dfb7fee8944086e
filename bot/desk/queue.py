"""The queue: every case that waits, by promise, weight, growth or age."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.frame import HOME, Desk
from bot.desk.names import Names
from bot.store.casebook import CaseBook, Sort, View
from handlers.officials import Official

SIZE = 25
# Nobody turns more pages; who wants all of it takes the export.
LAST_PAGE = 4_000


def add(desk: Desk) -> None:
    """Register the page."""
    cases = CaseBook(desk.bot.store.foundation)

    @desk.page("/queue", nav="nav.queue")
    async def queue(request: Request, official: Official) -> Response:
        view = _view(request.query_params.get("view", ""))
        sort = _sort(request.query_params.get("sort", ""))
        number = _page(request.query_params.get("page", ""))
        page = await cases.queue(view, sort=sort, page=number, size=SIZE)
        return desk.draw(
            "queue.html",
            request,
            official,
            names=Names(desk.bot.ports.knowledge, desk.labels, official.language),
            page=page,
            number=number,
            pages=min(max(-(-page.total // SIZE), 1), LAST_PAGE),
            view=view,
            sort=sort,
            views=tuple(View),
            # What is answered, and everything, is sorted by time alone.
            sorts=() if view in (View.ANSWERED, View.ALL) else tuple(Sort),
            link=lambda **changed: f"{HOME}/queue?{urlencode({'view': view.value, 'sort': sort.value} | changed)}",
        )


def _view(given: str) -> View:
    return View(given) if given in set(View) else View.OPEN


def _sort(given: str) -> Sort:
    return Sort(given) if given in set(Sort) else Sort.PROMISE


def _page(given: str) -> int:
    return min(max(int(given), 1), LAST_PAGE) if given.isascii() and given.isdigit() and len(given) < 9 else 1
