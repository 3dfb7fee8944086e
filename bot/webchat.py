"""The browser as a platform: the same conversation without an account. verify · read · render · collect."""

from __future__ import annotations

import asyncio
import json
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bot.running import Running
from bot.sealing import Seal, SealBroken
from content.models import Language
from handlers.menu import menu
from handlers.messages import Address, Kind, Message, Platform, Reply
from handlers.wording import Voice

HERE = Path(__file__).parent
COOKIE = "rutan_chat"
LONGEST_TEXT = 20_000
# An answer takes a second or two; a browser that waits longer is told to look again.
WAIT_SECONDS = 12.0
LOOK_SECONDS = 0.5
# Without JavaScript the page itself carries the conversation, sealed; older turns scroll away.
MOST_TURNS = 12
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
_pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


# --- verify · read · render ------------------------------------------------------------------------------------------
def verify(request: Request) -> bool:
    """Whether a form was sent from our own page: a browser says so itself (`Origin`, `Sec-Fetch-Site`)."""
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = origin is None or origin.partition("://")[2] == request.headers.get("host")
    return site in ("same-origin", "none") and own


def read(form: FormData, chat: str, hint: Language, now: datetime) -> Message:
    """What was typed or tapped. A form with neither is an empty text."""
    tap = str(form.get("tap") or "")[:300]
    return Message(
        address=Address(Platform.WEB, chat, chat),
        event_id=secrets.token_hex(16),
        kind=Kind.TAP if tap else Kind.TEXT,
        received_at=now,
        text="" if tap else str(form.get("text") or "")[:LONGEST_TEXT],
        data=tap,
        language_hint=hint,
    )


def render(reply: Reply) -> Markup:
    """One bubble of HTML; everything in it is escaped."""
    return Markup(_pages.get_template("reply.html").render(reply=reply))  # noqa: S704 (made by an escaping template)


# --- the page --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Turn:
    """One bubble of the conversation on the page: what the person said, or our rendered answer."""

    who: str  # "you" or "rutan"
    html: str


class Page:
    """Draws the page; the conversation so far travels inside it, sealed."""

    def __init__(self, bot: Running, seal: Seal) -> None:
        self._bot = bot
        self._seal = seal

    def draw(self, turns: list[Turn], language: Language) -> str:
        kept = turns[-MOST_TURNS:]
        packed = json.dumps([[t.who, t.html] for t in kept], ensure_ascii=False)
        return _pages.get_template("webchat.html").render(
            voice=Voice(self._bot.ports.knowledge, language),
            turns=[Turn(t.who, Markup(t.html)) for t in turns],  # noqa: S704 (rendered by us, sealed since)
            history=self._seal.close(packed),
            language=language.value,
        )

    def turns(self, history: str) -> list[Turn]:
        """The conversation that the page carried; a forged or outdated one is an empty one."""
        try:
            raw = json.loads(self._seal.open(history))
            return [Turn(str(who), str(html)) for who, html in raw]
        except (SealBroken, ValueError, TypeError):
            return []


def mount(app: FastAPI, bot: Running) -> None:
    """Add the web chat's routes to the application."""
    page = Page(bot, Seal(bot.settings.keys()))

    async def show(request: Request) -> Response:
        language = _hint(request)
        greeting = Voice(bot.ports.knowledge, language)
        turns = [Turn("rutan", str(render(_welcome(greeting))))]
        return _with_cookie(HTMLResponse(page.draw(turns, language), headers=SECURITY), request)

    async def say(request: Request) -> Response:
        if not verify(request):
            return PlainTextResponse("this form was not sent from our page", status_code=403)
        form = await request.form(max_files=0, max_fields=10, max_part_size=512 * 1024)
        chat, language = _chat(request), _hint(request)
        message = read(form, chat, language, bot.ports.clock.now())
        letters = await _answers(bot, message)
        bubbles = [str(render(reply)) for reply in letters]
        if form.get("fragment"):
            return _with_cookie(_fragment(bubbles), request, chat)
        turns = page.turns(str(form.get("history") or ""))
        said = str(form.get("label") or "") if message.kind is Kind.TAP else message.text
        turns.append(Turn("you", str(Markup("<p>{}</p>").format(said or "…"))))
        turns += [Turn("rutan", each) for each in bubbles]
        return _with_cookie(HTMLResponse(page.draw(turns, language), headers=SECURITY), request, chat)

    async def news(request: Request) -> Response:
        """What came in the meantime, for a page that stays open."""
        chat = request.cookies.get(COOKIE, "")
        if not _well_formed(chat):
            return Response(status_code=204)
        letters = await bot.store.collect(Address(Platform.WEB, chat, chat))
        return _fragment([str(render(each.reply)) for each in letters])

    app.router.routes.extend(
        [
            Route("/", show),
            Route("/chat", say, methods=["POST"]),
            Route("/chat/news", news),
            Mount("/static", StaticFiles(directory=HERE / "static"), name="static"),
        ]
    )


async def _answers(bot: Running, message: Message) -> list[Reply]:
    """Into the inbox like any other message; then wait at the mailroom for what comes back."""
    address = message.address
    bell = bot.mailroom.bell(address.chat)
    try:
        await bot.accept([message])
        for _ in range(round(WAIT_SECONDS / LOOK_SECONDS)):
            # Where another process answers, no bell rings here: so we also look.
            with suppress(TimeoutError):
                await asyncio.wait_for(bell.wait(), LOOK_SECONDS)
            letters = await bot.store.collect(address)
            if letters:
                return [letter.reply for letter in letters]
            if bell.is_set():
                return []
        return [Voice(bot.ports.knowledge, message.language_hint or Language.THAI).short("failed_title", "failed")]
    finally:
        bot.mailroom.leave(address.chat, bell)


def _welcome(voice: Voice) -> Reply:
    return voice.short("greeting_title", "greeting", quick=menu(voice).quick)


def _fragment(bubbles: list[str]) -> Response:
    if not bubbles:
        return Response(status_code=204)
    return HTMLResponse("".join(bubbles), headers=SECURITY)


def _hint(request: Request) -> Language:
    """The page's language: chosen by `?lang=`, else the browser's first, else Thai."""
    chosen = request.query_params.get("lang") or request.headers.get("accept-language", "th")
    return Language.ENGLISH if chosen.lower().startswith("en") else Language.THAI


def _well_formed(chat: str) -> bool:
    return len(chat) == 32 and all(c in "0123456789abcdef" for c in chat)


def _chat(request: Request) -> str:
    chat = request.cookies.get(COOKIE, "")
    return chat if _well_formed(chat) else secrets.token_hex(16)


def _with_cookie(response: Response, request: Request, chat: str = "") -> Response:
    """A random name for this browser, so that the conversation goes on; gone when the browser closes."""
    if request.cookies.get(COOKIE) != (chat or request.cookies.get(COOKIE)) or COOKIE not in request.cookies:
        secure = request.url.scheme == "https"
        response.set_cookie(COOKIE, chat or _chat(request), httponly=True, samesite="strict", secure=secure)
    return response
