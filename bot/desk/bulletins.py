"""The bulletins page: what stands, how every platform will show it, who signed, to whom it goes and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from bot import bulletin_json, bulletin_pages, line, telegram, webchat
from bot.bulletin_senders import ways_of
from bot.desk.frame import HOME, Desk, Form, Refused
from bot.editorial import Editorial
from bot.store import audit
from bot.store.bulletins import Progress
from bot.street.materials import NAMES as MATERIALS
from bot.street.materials import order
from content.models import Language
from content.models import State as EntryState
from handlers.errors import SendFailed
from handlers.messages import Address, Platform, Reply
from handlers.officials import Official, Role
from handlers.subscribe import INTERESTS
from scheduler import bulletins as rules
from scheduler.bulletins import Bulletin, BulletinText, Kind, Part, Plan, State
from scheduler.drafting import MOST_WARNINGS, advice
from scheduler.trends import Month

LISTED = 60
LONGEST_FIELD = 4_000
PARTS = (
    "all",
    "hubs-first",
    "hubs",
    "platform:line",
    "platform:telegram",
    "language:th",
    "language:en",
    *(f"interest:{each}" for each in INTERESTS),
)
TESTED_ON = (Platform.LINE, Platform.TELEGRAM)


@dataclass(frozen=True)
class Shown:
    """A bulletin as each platform will show it, in one language."""

    language: Language
    line: Mapping[str, Any]
    telegram: Markup
    keyboard: tuple[str, ...]
    web: Any
    text: str


def add(desk: Desk) -> None:
    """Register the pages and their forms."""
    room = _Room(desk)

    @desk.page("/bulletins", nav="nav.bulletins")
    async def every(request: Request, official: Official) -> Response:
        return await room.overview(request, official)

    @desk.page("/bulletins/draft", Role.EDITOR, methods=("POST",))
    async def draft(request: Request, official: Official) -> Response:
        return await room.draft(request, official)

    @desk.page("/bulletins/alert", Role.EDITOR, methods=("POST",))
    async def alert(request: Request, official: Official) -> Response:
        return await room.alert(request, official)

    @desk.page("/bulletins/{id}")
    async def one(request: Request, official: Official) -> Response:
        return await room.show(request, official)

    @desk.page("/bulletins/{id}/materials/{name}")
    async def material(request: Request, official: Official) -> Response:
        return await room.material(request, official)

    @desk.page("/bulletins/{id}/edit", Role.EDITOR, methods=("POST",))
    async def edit(request: Request, official: Official) -> Response:
        return await room.edit(request, official)

    @desk.page("/bulletins/{id}/sign", Role.EDITOR, methods=("POST",))
    async def sign(request: Request, official: Official) -> Response:
        return await room.sign(request, official)

    @desk.page("/bulletins/{id}/order", Role.APPROVER, methods=("POST",))
    async def order(request: Request, official: Official) -> Response:
        return await room.order(request, official)

    @desk.page("/bulletins/{id}/test", Role.EDITOR, methods=("POST",))
    async def test(request: Request, official: Official) -> Response:
        return await room.test(request, official)

    @desk.page("/bulletins/{id}/do", Role.EDITOR, methods=("POST",))
    async def do(request: Request, official: Official) -> Response:
        return await room.do(request, official)


class _Room:
    """The pages, over one running bot."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._settings = desk.bot.settings
        self._editorial = Editorial(desk.bot.store.foundation, lambda: desk.bot.ports.knowledge, desk.bot.settings)
        self._bulletins = self._editorial.bulletins

    # all of them

    async def overview(
        self, request: Request, official: Official, status: int = 200, trouble: rules.Refused | None = None
    ) -> Response:
        month = Month.of(self._desk.bot.store.foundation.today())
        return self._desk.draw(
            "bulletins.html", request, official, status=status,
            found=await self._bulletins.newest(LISTED), months=(month.before(), month, month.before().before()),
            entries=self._entries(official.language), trouble=_label(trouble), said=str(trouble or ""),
        )  # fmt: skip

    async def draft(self, request: Request, official: Official) -> Response:
        form = await self._desk.form(request)
        try:
            id = await self._editorial.draft(Month.parse(form.get("month", "")), _by(official))
        except ValueError:
            raise Refused(400) from None
        except rules.Refused as trouble:
            return await self.overview(request, official, 409, trouble)
        return self._desk.redirect(_path(id), "bulletins.drafted")

    async def alert(self, request: Request, official: Official) -> Response:
        form = await self._desk.form(request)
        try:
            id = await self._editorial.alert(form.get("entry", ""), _by(official))
        except rules.Refused as trouble:
            return await self.overview(request, official, 422, trouble)
        return self._desk.redirect(_path(id), "bulletins.drafted")

    def _entries(self, language: Language) -> list[tuple[str, str]]:
        entries = self._desk.bot.ports.knowledge.entries.values()
        live = [(each.id, each.title.in_(language)) for each in entries if each.state is EntryState.LIVE]
        return sorted(live, key=lambda each: each[1])

    def _parts(self, official: Official) -> list[tuple[str, str]]:
        """To whom it may go, each with its name; "" where a label says it."""
        named = self._desk.bot.ports.knowledge.provinces.values()
        provinces = sorted((f"province:{each.id}", each.name.in_(official.language)) for each in named)
        return [*((each, "") for each in PARTS), *provinces]

    async def material(self, request: Request, official: Official) -> Response:
        """A poster, picture or script of the version that stands, also before anybody else sees it."""
        found, name = await self._found(request), request.path_params["name"]
        language = Language.ENGLISH if request.query_params.get("lang") == "en" else Language.THAI
        if name not in MATERIALS:
            raise Refused(404)
        page = f"{self._settings.public_url}/bulletins/{bulletin_pages.address(found)}"
        wanted = order(name, found, language, self._desk.bot.ports.knowledge, page)
        try:
            made = await self._desk.bot.materials.get(wanted)
        except ValueError:
            raise Refused(422, "bulletins.too_long") from None
        shown = {"Content-Disposition": f'attachment; filename="rutan-{found.id}-{language.value}-{name}"'}
        return Response(made, media_type=MATERIALS[name], headers=shown)

    # one of them

    async def show(
        self,
        request: Request,
        official: Official,
        status: int = 200,
        trouble: rules.Refused | str | None = None,
        written: Mapping[str, str] | None = None,
    ) -> Response:
        found = await self._found(request)
        progress = await self._bulletins.progress(found.id)
        asked = (written or {}).get("part") or request.query_params.get("part", "")
        try:
            plan, chosen = await self._planned(found, asked if official.role.may(Role.EDITOR) else "")
        except rules.Refused as refused:
            plan, chosen = await self._planned(found, "")
            status, trouble = max(status, 422), trouble or refused
        parts = self._parts(official)
        return self._desk.draw(
            "bulletin.html", request, official, status=status,
            bulletin=found, shown=[self._shown(found, each) for each in Language], progress=progress, plan=plan,
            chosen=chosen, chosen_name=dict(parts).get(chosen, chosen), share=_share(progress),
            by_platform=_by_platform(plan), parts=parts, materials=tuple(MATERIALS), tested_on=TESTED_ON,
            entries=self._entries(official.language), slots=range(MOST_WARNINGS), written=written or {},
            nothing=bool(self._editorial.tells_nothing(found)), history=await self._bulletins.history(found.id),
            sources=await self._editorial.sources(found.id), night=self._editorial.wakes(None),
            has_signed=any(each.name == official.name for each in found.signatures),
            may=lambda role: official.role.may(Role(role)), states=State, kinds=Kind,
            trouble=trouble if isinstance(trouble, str) else _label(trouble), said=str(trouble or ""),
        )  # fmt: skip

    async def _planned(self, found: Bulletin, part: str) -> tuple[Plan | None, str]:
        """To whom it would go. For a part that somebody chose LINE is asked for its quota; that part is the second. Raises
        Refused where there is no such part."""
        if found.state not in rules.EDITABLE:
            return None, ""
        if not part:
            return await self._bulletins.plan(found, found.part), ""
        chosen = Part.parse(part)
        async with ways_of(self._settings) as ways:
            return await self._editorial.preview(found.id, chosen, ways.line), str(chosen)

    def _shown(self, found: Bulletin, language: Language) -> Shown:
        letter: Reply = self._editorial.letter(found, language)
        sent = telegram.render(letter)
        keys = tuple(key["text"] for row in sent.get("reply_markup", {}).get("inline_keyboard", ()) for key in row)
        bubble = line.render(letter)[0]["contents"]
        markup = Markup(sent["text"])  # noqa: S704  # nosec B704  # made by an escaping renderer: <b> and nothing else
        return Shown(language, bubble, markup, keys, webchat.render(letter), bulletin_json.as_text(letter))

    async def edit(self, request: Request, official: Official) -> Response:
        form, found = await self._desk.form(request), await self._found(request)
        content = {each: self._text(form, found.text(each), each) for each in Language}
        try:
            await self._bulletins.edit(found.id, _number(form.get("version", "")), content, _by(official), official)
        except rules.Refused as trouble:
            return await self.show(request, official, 409, trouble, form)
        return self._desk.redirect(_path(found.id), "bulletins.edited")

    def _text(self, form: Form, before: BulletinText, language: Language) -> BulletinText:
        def field(name: str) -> str:
            said = form.get(f"{name}_{language}", "")[:LONGEST_FIELD].replace("\r\n", "\n")
            return "\n".join(each.strip() for each in said.strip().split("\n"))

        known = {each.entry: each for each in before.warnings}
        entries = self._desk.bot.ports.knowledge.entries
        chosen = dict.fromkeys(form.get(f"warning_{slot}", "") for slot in range(MOST_WARNINGS))
        warnings = [
            known.get(key) or advice(entries[key], language) for key in chosen if key in known or key in entries
        ]
        lines = [each for each in field("figures").split("\n") if each]
        return replace(
            before, title=field("title") or before.title, intro=field("intro"), figures=rules.resourced(before.figures, lines),
            warnings=tuple(warnings), context=field("context"), results=field("results"),
        )  # fmt: skip

    async def sign(self, request: Request, official: Official) -> Response:
        form, found = await self._desk.form(request), await self._found(request)
        remark = form.get("remark", "").strip()[:500]
        if _number(form.get("version", "")) != found.version:
            return await self.show(request, official, 409, "bulletin_no.changed", form)
        try:
            await self._editorial.sign(found.id, official.name, remark)
        except rules.Refused as trouble:
            return await self.show(request, official, 422 if trouble.code == "empty" else 409, trouble, form)
        return self._desk.redirect(_path(found.id), "bulletins.signed")

    async def order(self, request: Request, official: Official) -> Response:
        form, found = await self._desk.form(request), await self._found(request)
        try:
            at = self._moment(form.get("at", ""))
            if self._editorial.wakes(at) and not form.get("wakes"):
                return await self.show(request, official, 422, "bulletin_no.night", form)
            async with ways_of(self._settings) as ways:
                await self._editorial.order(found.id, at, Part.parse(form.get("part", "all")), ways.line, _by(official))
        except ValueError:
            return await self.show(request, official, 422, "bulletin_no.time", form)
        except SendFailed:
            return await self.show(request, official, 503, "bulletin_no.line_silent", form)
        except rules.Refused as trouble:
            return await self.show(request, official, 409, trouble, form)
        return self._desk.redirect(_path(found.id), "bulletins.ordered")

    def _moment(self, text: str) -> datetime | None:
        if not text.strip():
            return None
        found = datetime.fromisoformat(text.strip())
        return found if found.tzinfo else found.replace(tzinfo=self._settings.timezone)

    async def test(self, request: Request, official: Official) -> Response:
        form, found = await self._desk.form(request), await self._found(request)
        chat = form.get("chat", "").strip()[:100]
        try:
            platform, language = Platform(form.get("platform", "")), Language(form.get("language", ""))
        except ValueError:
            raise Refused(400) from None
        if platform not in TESTED_ON or not chat:
            return await self.show(request, official, 422, "bulletin_no.chat", form)
        await self._editorial.test(found.id, Address(platform, chat, chat), language, _by(official))
        return self._desk.redirect(_path(found.id), "bulletins.tested")

    async def do(self, request: Request, official: Official) -> Response:
        form, found = await self._desk.form(request), await self._found(request)
        what, by = form.get("do", ""), _by(official)
        try:
            if what == "correct":
                id = await self._editorial.correct(found.id, by)
                return self._desk.redirect(_path(id), "bulletins.drafted")
            await self._act(what, found.id, by, official)
        except rules.Refused as trouble:
            return await self.show(request, official, 409, trouble, form)
        return self._desk.redirect(_path(found.id), f"bulletins.done_{what}")

    async def _act(self, what: str, id: int, by: str, official: Official) -> None:
        if what == "pause":
            await self._bulletins.pause(id, by)
        elif what == "cancel":
            await self._bulletins.cancel(id, by)
        elif not official.role.may(Role.APPROVER):
            # Whatever makes something leave asks for the one who answers for it.
            raise Refused(403)
        elif what == "resume":
            await self._bulletins.resume(id, by)
        elif what == "retry":
            await self._bulletins.retry(id, by)
        else:
            raise Refused(400)

    async def _found(self, request: Request) -> Bulletin:
        try:
            return await self._bulletins.get(_number(request.path_params["id"]))
        except rules.Refused:
            raise Refused(404) from None


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        raise Refused(404)
    return int(text)


def _by(official: Official) -> str:
    return audit.official(official.name)


def _path(id: int) -> str:
    return f"{HOME}/bulletins/{id}"


def _label(trouble: rules.Refused | str | None) -> str:
    if not isinstance(trouble, rules.Refused):
        return trouble or ""
    return f"bulletin_no.{trouble.code or 'other'}"


def _share(progress: Progress) -> int:
    """How many percent have ended."""
    return 100 * (progress.recipients - progress.waiting) // progress.recipients if progress.recipients else 0


def _by_platform(plan: Plan | None) -> list[tuple[str, str, int]]:
    if plan is None:
        return []
    return sorted((str(platform), str(language), count) for (platform, language), count in plan.recipients.items())
