"""The public pages of the bulletins, their materials, and feeds of them (RSS and Atom)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI
from feedgen.feed import FeedGenerator
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.running import Running
from bot.store.bulletins import Bulletins
from bot.street.facts import Facts, facts
from bot.street.materials import NAMES, order
from bot.webchat import SECURITY, hint
from content.models import Language
from handlers.wording import Voice
from scheduler.bulletins import Bulletin, Kind, State
from scheduler.trends import Month

HERE = Path(__file__).parent
PUBLIC = (State.SENDING, State.PAUSED, State.SENT)
LISTED = 36
# A bulletin changes only by a correction; a reader's browser may keep a picture so long.
KEPT_SECONDS = 600
_pages = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True,
    undefined=StrictUndefined,
)  # fmt: skip


def mount(app: FastAPI, bot: Running) -> None:
    """Add the pages to the application."""
    pages = Pages(bot)
    app.router.routes.extend(
        [
            Route("/bulletins", pages.listed),
            Route("/bulletins/feed.{form}", pages.feed),
            Route("/bulletins/{issue}", pages.one),
            Route("/bulletins/{issue}/{name}", pages.material),
        ]
    )


@dataclass(frozen=True)
class Issue:
    """A public bulletin: `shown` is what stands now (a correction, where there is one), `first` what it corrects."""

    address: str
    first: Bulletin
    shown: Bulletin

    @property
    def corrected(self) -> bool:
        return self.shown.id != self.first.id


def issues(newest: Sequence[Bulletin]) -> list[Issue]:
    """The public ones among bulletins that come newest first, each with the newest correction of it."""
    public = [each for each in newest if each.state in PUBLIC]
    corrections: dict[int, Bulletin] = {}
    for each in public:
        if each.kind is Kind.CORRECTION and each.corrects is not None:
            corrections.setdefault(each.corrects, each)
    return [
        Issue(address(each), each, _newest(each, corrections)) for each in public if each.kind is not Kind.CORRECTION
    ]


def _newest(first: Bulletin, corrections: dict[int, Bulletin]) -> Bulletin:
    """A correction may have been corrected itself."""
    shown = first
    while shown.id in corrections:
        shown = corrections[shown.id]
    return shown


def address(bulletin: Bulletin) -> str:
    """The last part of a bulletin's address: its month, or an alert's number."""
    return bulletin.month.text if bulletin.kind is Kind.MONTHLY else f"alert-{bulletin.id}"


class Pages:
    """Draws the pages. What is public was sent; a draft has no address."""

    def __init__(self, bot: Running) -> None:
        self._bot = bot
        self._book = Bulletins(bot.store.foundation)

    async def listed(self, request: Request) -> Response:
        language = hint(request)
        return self._draw("bulletins.html", language, issues=await self._issues(), missing=False)

    async def one(self, request: Request) -> Response:
        language, issue = hint(request), await self._issue(request)
        if issue is None:
            return self._missing(language)
        told = self._facts(issue, language)
        return self._draw(
            "bulletin.html",
            language,
            issue=issue,
            told=told,
            files=self._files(language),
            corrected=self._day(issue, language),
        )

    async def material(self, request: Request) -> Response:
        language, issue = hint(request), await self._issue(request)
        name = request.path_params["name"]
        if issue is None or name not in NAMES:
            return self._missing(language)
        wanted = order(name, issue.shown, language, self._bot.ports.knowledge, self._url(issue))
        try:
            made = await self._bot.materials.get(wanted)
        except ValueError:
            return PlainTextResponse("this bulletin is too long to be drawn so", status_code=422, headers=SECURITY)
        shown = "inline" if name.endswith((".png", ".txt")) else "attachment"
        headers = SECURITY | {
            "Content-Disposition": f'{shown}; filename="rutan-{issue.address}-{language.value}-{name}"',
            "Cache-Control": f"public, max-age={KEPT_SECONDS}",
        }
        return Response(made, media_type=NAMES[name], headers=headers)

    async def feed(self, request: Request) -> Response:
        """RSS 2.0 or Atom 1.0 of the public bulletins, in the language asked for."""
        form, language = request.path_params["form"], hint(request)
        if form not in ("rss", "atom"):
            return self._missing(language)
        voice, home = self._voice(language), f"{self._bot.settings.public_url}/bulletins?lang={language.value}"
        feed = FeedGenerator()
        feed.id(home)
        feed.title(voice.say("bulletins_title"))
        feed.description(voice.say("bulletins_intro"))
        feed.language(language.value)
        feed.link(href=home, rel="alternate")
        feed.link(href=f"{self._bot.settings.public_url}/bulletins/feed.{form}?lang={language.value}", rel="self")
        feed.author(name="รู้ทัน · Rutan")
        for issue in await self._issues():
            self._enter(feed, issue, language)
        body = feed.rss_str() if form == "rss" else feed.atom_str()
        return Response(body, media_type=f"application/{form}+xml", headers=SECURITY)

    def _enter(self, feed: FeedGenerator, issue: Issue, language: Language) -> None:
        told, entry = self._facts(issue, language), feed.add_entry(order="append")
        # A correction is news of its own: readers show again what has another name.
        entry.id(f"{self._url(issue)}#{issue.shown.id}.{issue.shown.version}")
        entry.title(told.title)
        entry.link(href=f"{self._url(issue)}?lang={language.value}")
        entry.summary(" ".join([*told.intro, *(each.title for each in told.warnings)]))
        moment = issue.shown.started_at or issue.shown.made_at
        entry.published(moment)
        entry.updated(moment)

    # --- what the pages stand on ---------------------------------------------------------------------------------
    async def _issues(self) -> list[Issue]:
        return issues(await self._book.newest(LISTED))

    async def _issue(self, request: Request) -> Issue | None:
        wanted = request.path_params["issue"]
        return next((each for each in await self._issues() if each.address == wanted), None)

    def _voice(self, language: Language) -> Voice:
        return Voice(self._bot.ports.knowledge, language)

    def _url(self, issue: Issue) -> str:
        return f"{self._bot.settings.public_url}/bulletins/{issue.address}"

    def _facts(self, issue: Issue, language: Language) -> Facts:
        return facts(issue.shown, self._voice(language), self._url(issue))

    def _files(self, language: Language) -> list[tuple[str, str]]:
        """The name of each material, and what it is."""
        voice = self._voice(language)
        keys = {name: name.replace(".", "_").replace("-", "_") for name in NAMES}
        return [(name, voice.say(f"bulletins_file_{key}")) for name, key in keys.items()]

    def _day(self, issue: Issue, language: Language) -> str:
        """When it was corrected, "" where it was not."""
        if not issue.corrected:
            return ""
        day = (issue.shown.started_at or issue.shown.made_at).astimezone(self._bot.settings.timezone)
        return f"{day.day} {Month.of(day).name(language)}"

    def _draw(self, template: str, language: Language, status: int = 200, **values: object) -> HTMLResponse:
        drawn = _pages.get_template(template).render(
            language=language.value, voice=self._voice(language), months=lambda month: month.name(language),
            home=self._bot.settings.public_url, **values,
        )  # fmt: skip
        return HTMLResponse(drawn, status_code=status, headers=SECURITY)

    def _missing(self, language: Language) -> Response:
        return self._draw("bulletins.html", language, status=404, issues=[], missing=True)
