"""A bulletin with plausible, invented figures, for the tests of what is made of it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from bot.street.facts import Facts, facts
from content.knowledge import Knowledge
from content.models import Language
from handlers.wording import Voice
from scheduler.bulletins import Bulletin, Kind, State
from scheduler.drafting import composed
from scheduler.trends import Counted, Dimension, Month, MonthFigures, Total

BANGKOK = ZoneInfo("Asia/Bangkok")
OCTOBER = Month(2026, 10)
PAGE = "https://rutan.example/bulletins/2026-10"
TYPES = (("parcel", 412, 380), ("authority_call", 268, 121), ("loan", 240, 251), ("investment", 133, None),
         ("bank_impersonation", 96, 99), ("overseas_job_trafficking", 41, 30), ("qr", 8, 5))  # fmt: skip

ENTRIES = ("parcel-fee-link", "loan-fee-before-money")


def figures(types: tuple[tuple[str, int, int | None], ...] = TYPES) -> MonthFigures:
    """October's figures."""
    rows = tuple(Counted(*each) for each in types)
    totals = {
        name: Total(name, count, before, "month_events")
        for name, count, before in (("asked", 1_843, 1_620), ("warned", 1_190, 1_001), ("reports", 160, 90), ("reporters", 142, 84))
    }  # fmt: skip
    tables = {
        Dimension.TYPE: rows,
        Dimension.CAME_BY: (Counted("sms", 70, 30), Counted("line", 52, 41), Counted("call", 20, 9)),
        Dimension.LOSS: (Counted("none", 90, 50), Counted("1k_10k", 31, 20), Counted("over_1m", None, None)),
        Dimension.ENTRY: tuple(Counted(key, 90 - n, 40) for n, key in enumerate(ENTRIES)),
        Dimension.HUB: (Counted("", 120, 80), Counted("a-hub", 40, 10)),
    }
    until = OCTOBER.end(BANGKOK)
    fastest = next((row for row in rows if row.key == "authority_call"), None)
    return MonthFigures(OCTOBER, False, until, totals, tables, fastest, {})


def bulletin(knowledge: Knowledge, counted: MonthFigures | None = None) -> Bulletin:
    """October's bulletin, sent."""
    made = counted or figures()
    content = composed(made, knowledge, BANGKOK)
    now = datetime(2026, 11, 1, 0, 0, tzinfo=UTC)
    return Bulletin(1, Kind.MONTHLY, OCTOBER, State.SENT, 1, now, content, made, started_at=now, ended_at=now)


def told(knowledge: Knowledge, language: Language, counted: MonthFigures | None = None) -> Facts:
    return facts(bulletin(knowledge, counted), Voice(knowledge, language), PAGE)
