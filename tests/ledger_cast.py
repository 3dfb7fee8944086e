"""Reporters, made the way the house makes them: through the store, one report after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from store_cast import NUMBERED, StandingClock, answered

from bot.store import SqlStore
from content.knowledge import Knowledge
from content.models import Language
from content.reported import Standing, subjects
from content.verdict import Verdict, judge
from handlers.masking import masked
from handlers.messages import Address, NewReport, Outcome, Platform, Session
from handlers.named import named_in

STRANGER = "081-000-1234"
ABOUT_STRANGER = f"เบอร์ {STRANGER} โทรมา"
MORNING = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
_events = iter(range(1_000_000))


def on_line(number: int) -> Address:
    return Address(Platform.LINE, f"Ureporter{number}", f"Ureporter{number}")


def on_telegram(number: int) -> Address:
    return Address(Platform.TELEGRAM, str(700_000 + number), str(700_000 + number))


def in_browser(number: int) -> Address:
    return Address(Platform.WEB, f"browser-{number}", f"browser-{number}")


def report_on(text: str, knowledge: Knowledge, **more: object) -> NewReport:
    verdict = judge(text, knowledge)
    about = named_in(text, knowledge.directory)
    return NewReport(masked(text), Language.THAI, verdict.level, None, None, folds_by=text, named=about, **more)  # type: ignore[arg-type]


async def reported(store: SqlStore, report: NewReport, *who: Address) -> None:
    for each in who:
        await answered(store, f"ledger-{next(_events)}", Outcome(Session(), NUMBERED, report=report), each)


async def standings(store: SqlStore, text: str, knowledge: Knowledge) -> Sequence[Standing]:
    return await store.reported(subjects(text, knowledge.directory))


async def verdict_on(store: SqlStore, text: str, knowledge: Knowledge) -> Verdict:
    return judge(text, knowledge, reported=await standings(store, text, knowledge))


def opened(folder: object, clock: StandingClock) -> SqlStore:
    return SqlStore.open(f"sqlite:///{folder}/rutan.db", ["a secret for tests only"], clock)
