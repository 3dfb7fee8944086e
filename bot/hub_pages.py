"""What members of a hub open by a signed address: the table they got back as a file, and the hub's own page."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.forwarded.writing import table_csv, table_xlsx
from bot.running import Running
from bot.webchat import SECURITY, hint
from handlers.hub_playbook import call_card, playbook
from handlers.wording import Voice

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Whoever has the address has the page: nothing keeps it, and nothing tells another site where it was read.
PRIVATE = {
    **SECURITY,
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex, nofollow",
    "Referrer-Policy": "no-referrer",
}
_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
    undefined=StrictUndefined,
)  # fmt: skip


def mount(app: FastAPI, bot: Running) -> None:
    """Add the pages to the application."""
    hubs = bot.store.hubs

    def gone(request: Request) -> Response:
        return draw(request, status=404, hub=None)

    def draw(request: Request, status: int = 200, **values: object) -> HTMLResponse:
        language = hint(request)
        voice = Voice(bot.ports.knowledge, language)
        drawn = _pages.get_template("hub.html").render(language=language.value, voice=voice, **values)
        return HTMLResponse(drawn, status_code=status, headers=PRIVATE)

    async def table(request: Request) -> Response:
        kept = await hubs.table(request.path_params["token"])
        if kept is None:
            return gone(request)
        ending = request.path_params["ending"]
        if ending not in ("csv", "xlsx"):
            return gone(request)
        made = table_csv(kept.rows) if ending == "csv" else table_xlsx(kept.rows)
        headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="rutan.{ending}"'}
        return Response(made, media_type="text/csv; charset=utf-8" if ending == "csv" else XLSX, headers=headers)

    async def page(request: Request) -> Response:
        hub = await hubs.page(request.path_params["token"])
        if hub is None:
            return gone(request)
        voice = Voice(bot.ports.knowledge, hint(request))
        return draw(
            request,
            hub=hub,
            week=await hubs.week(hub),
            cases=await hubs.open_cases(hub),
            now=bot.ports.clock.now(),
            zone=bot.settings.timezone,
            card=call_card(voice),
            playbook=playbook(voice),
        )

    app.router.routes.extend([Route("/hub/table/{token}.{ending}", table), Route("/hub/page/{token}", page)])
