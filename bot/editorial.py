"""What is done with bulletins before they leave: a month drafted from its figures, looked at as every platform will show it,
planned and ordered. The command line and the desk stand on this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, time

import structlog

from bot.settings import Settings
from bot.store import audit, outbox
from bot.store.audit import HOUSE
from bot.store.bulletins import Body, Bulletins, subject
from bot.store.figures import Figures
from bot.store.foundation import Foundation
from bot.store.opening import queries_text
from bot.store.transaction import Transaction, named_queries
from content.knowledge import Knowledge
from content.models import Language
from handlers.errors import SendFailed
from handlers.messages import CHATS, Address, Reply
from handlers.officials import Role
from handlers.wording import Voice
from scheduler.alerts import correction_of, warning_of
from scheduler.bulletins import (
    Bulletin,
    Kind,
    Part,
    Plan,
    Refused,
    State,
    affordable,
    drafted_month,
    due,
    may_send,
    quiet_reason,
)
from scheduler.delivery import Quiet, ToCrowds
from scheduler.drafting import composed, reply
from scheduler.trends import FigureSource, Month

log = structlog.get_logger()

# Letters that are kept made: one bulletin at a time leaves, in two languages.
MOST_AT_HAND = 16
TELLS_NOTHING = {
    "empty": "this month is empty: nobody asked and nobody reported",
    "unchanged": "this month's figures are those of the month before",
}


@dataclass(frozen=True)
class Source:
    """Where a figure comes from: its name, the query that counts it and that query's words."""

    figure: str
    query: str
    sql: str


class Editorial:
    """Drafts, alerts and corrections; plans and orders."""

    def __init__(
        self,
        foundation: Foundation,
        knowledge: Callable[[], Knowledge],
        settings: Settings,
        figures: FigureSource | None = None,
    ) -> None:
        self.bulletins = Bulletins(foundation)
        self._foundation = foundation
        self._knowledge = knowledge
        self._settings = settings
        self._figures = figures or Figures(foundation)

    # drafts

    async def draft_due(self) -> None:
        """Draft the month that is due, where nobody has. Of two processes that try at once one finds it drafted."""
        now = self._foundation.now()
        month = due(now, self._settings.timezone, self._settings.bulletin_day, self._settings.bulletin_hour)
        if not await self.bulletins.untold(month):
            return
        try:
            id = await self.bulletins.draft(month, await self._counted(month), HOUSE)
        except Refused as standing:
            log.info("the bulletin was drafted by another process", reason=str(standing))
            return
        log.info("a bulletin is drafted and waits for two signatures", bulletin=id, month=month.text)

    async def draft(self, month: Month, by: str) -> int:
        """The id of the month's draft: a new one, or the one that stands, with fresh figures while nobody has touched it.
        Raises Refused where the month has not begun or its bulletin is no draft any more."""
        drafted_month(month, self._foundation.now(), self._settings.timezone)
        standing = await self.bulletins.of_month(month)
        if standing is None:
            return await self.bulletins.draft(month, await self._counted(month), by)
        if standing.state is not State.DRAFT:
            raise Refused(f"{month} stands already: bulletin {standing.id} is {standing.state}", "stands")
        await self.bulletins.refresh(standing.id, await self._counted(month), by)
        return standing.id

    async def _counted(self, month: Month) -> Body:
        figures = await self._figures.month(month)
        return Body(composed(figures, self._knowledge(), self._settings.timezone), figures)

    async def alert(self, entry: str, by: str) -> int:
        """The id of a drafted urgent warning of an entry. Raises Refused."""
        body = Body(warning_of(entry, self._knowledge()))
        return await self.bulletins.draft(self._this_month(), body, by, kind=Kind.ALERT)

    async def correct(self, id: int, by: str) -> int:
        """The id of a drafted correction, for exactly those who got bulletin `id`. Raises Refused."""
        wrong = await self.bulletins.get(id)
        body = Body(correction_of(wrong, self._knowledge()), wrong.figures)
        return await self.bulletins.draft(self._this_month(), body, by, kind=Kind.CORRECTION, corrects=id)

    def _this_month(self) -> Month:
        return Month.of(self._foundation.today())

    # looking

    async def sources(self, id: int) -> list[Source]:
        """Every figure of a bulletin with the query that gave it."""
        figures = (await self.bulletins.get(id)).figures
        if figures is None:
            return []
        queries = named_queries(queries_text())
        return [Source(name, query, queries.get(query, "")) for name, query in sorted(figures.sources.items())]

    def letter(self, bulletin: Bulletin, language: Language) -> Reply:
        """A bulletin as it will be sent."""
        return letters(self._knowledge, self._settings)(bulletin, language)

    def tells_nothing(self, bulletin: Bulletin) -> str:
        """A sentence where the month is empty or unchanged, so that an approver knows what they sign; else ""."""
        if bulletin.figures is None or bulletin.kind is not Kind.MONTHLY:
            return ""
        return TELLS_NOTHING.get(quiet_reason(bulletin.figures), "")

    async def test(self, id: int, address: Address, language: Language, by: str) -> None:
        """Send it to one chat, to be looked at: a letter of the outbox, no delivery. Raises Refused."""
        found = await self.bulletins.get(id)
        shown = self.letter(found, language)
        now = self._foundation.now()

        def work(tx: Transaction) -> None:
            outbox.post(tx, self._foundation.seal, outbox.Draft(address, shown, received_at=now, due_at=now))
            detail = {"version": found.version, "platform": address.platform.value}
            audit.written(tx, audit.Act(by, "bulletin tested", subject(id), detail), now)

        await self._foundation.database.write(work)

    # sending

    async def sign(self, id: int, name: str, remark: str = "") -> Bulletin:
        """Signed. A month that tells nothing goes out on an approver's word alone: their remark says why, and the audit keeps
        both. Raises Refused."""
        nothing, remark = self.tells_nothing(await self.bulletins.get(id)), remark.strip()
        if nothing and not remark and (await self.bulletins.official(name)).role.may(Role.APPROVER):
            raise Refused(f"{nothing}: whoever approves it says why it goes out all the same", "empty")
        return await self.bulletins.sign(id, name, " · ".join(each for each in (nothing, remark) if each))

    async def plan(self, id: int, part: Part, line: ToCrowds | None) -> Plan:
        """To whom it would go and what that costs. Asks LINE for its quota where anybody on LINE would get it. Raises
        Refused or SendFailed."""
        bulletin = await self.bulletins.get(id)
        plan = await self.bulletins.plan(bulletin, part)
        if line is None or not plan.line:
            return plan
        quota = await line.quota_of_month()
        return replace(await self.bulletins.plan(bulletin, part, quota.left), quota=quota)

    async def preview(self, id: int, part: Part, line: ToCrowds | None) -> Plan:
        """The same to be looked at: where LINE does not answer, the plan says so. Raises Refused."""
        try:
            return await self.plan(id, part, line)
        except SendFailed as trouble:
            return replace(await self.bulletins.plan(await self.bulletins.get(id), part), silent=trouble.reason)

    async def order(self, id: int, at: datetime | None, part: Part, line: ToCrowds | None, by: str) -> Plan:
        """To be sent now (None) or at a time. Raises Refused or SendFailed, and then it is as it was."""
        now = self._foundation.now()
        may_send(await self.bulletins.get(id), at or now, now)
        plan = await self.plan(id, part, line)
        affordable(plan)
        await self.bulletins.schedule(id, at or now, part, plan, by)
        return plan

    def wakes(self, at: datetime | None) -> bool:
        """Whether that time lies in the quiet hours."""
        return quiet(self._settings).night(at or self._foundation.now()) is not None


def quiet(settings: Settings) -> Quiet:
    """The hours in which nobody is woken."""
    start, end = (time.fromisoformat(each) for each in settings.quiet_hours.split("-"))
    return Quiet(start, end, settings.timezone)


def letters(knowledge: Callable[[], Knowledge], settings: Settings) -> Callable[[Bulletin, Language], Reply]:
    """A bulletin as it is sent; made once for all its readers."""
    made: dict[tuple[int, int, Language], Reply] = {}

    def letter(bulletin: Bulletin, language: Language) -> Reply:
        key = bulletin.id, bulletin.version, language
        if key not in made:
            if len(made) >= MOST_AT_HAND:
                made.clear()
            made[key] = reply(bulletin, Voice(knowledge(), language), public_page(bulletin, settings))
        return made[key]

    return letter


def public_page(bulletin: Bulletin, settings: Settings) -> str:
    """Where everybody can read it; "" where this server has no public address."""
    if bulletin.kind is not Kind.MONTHLY or not settings.public_url.startswith("https://"):
        return ""
    return f"{settings.public_url}/bulletins/{bulletin.month.text}"


def told(plan: Plan) -> Mapping[str, int | str | None]:
    """A plan as figures: recipients by platform; of LINE the messages needed, the month's limit, those used, those that other
    bulletins still need, those left, and why LINE did not tell."""
    by = {
        platform.value: sum(count for (each, _), count in plan.recipients.items() if each is platform)
        for platform in CHATS
    }
    return {
        "recipients": plan.whole,
        **by,
        "line_messages": plan.line,
        "line_limit": plan.quota.limit if plan.quota else None,
        "line_used": plan.quota.used if plan.quota else None,
        "line_promised": plan.line_promised,
        "line_left": plan.line_left,
        "line_short": plan.line_short,
        "line_silent": plan.silent,
    }
