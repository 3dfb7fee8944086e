"""What a page of the desk may show beside cases and figures, for `desk.py`: some hundred of each thing, and of each one that
its own page can show whole."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import takedown_cast

from bot.demo_hubs import Hubs
from bot.demo_knowledge import ASKED, Knowing
from bot.demo_people import People
from bot.demo_stage import Stage
from bot.editorial import Editorial
from bot.settings import Settings
from bot.store import SqlStore, forms
from bot.store.audit import OPERATOR
from bot.store.campaigns import CampaignBook, Marking, Proposal
from bot.store.hubs import HubBook
from bot.store.revisions import Revisions
from bot.store.takedown_types import Wish
from bot.store.takedowns import Takedowns
from content.knowledge import Knowledge
from content.reported import Subject
from content.takedown import RecipientKind
from handlers.officials import Role
from scheduler.trends import Month

DELIVERIES = 100_000
LISTED = 500
# One report in twenty comes from a hub.
FROM_HUB = 20
_DAYS = 90


async def furnish(store: SqlStore, settings: Settings, knowledge: Knowledge) -> dict[str, str]:
    """Fill the areas of the desk; what fills the holes of their pages' addresses."""
    now = datetime.now(UTC)
    stage = Stage.of(store, knowledge, settings, now)
    await People(stage).arrive()
    await Hubs(stage).arrive()
    knowing = Knowing(stage)
    for ago in (70, 19, 5, 2, 1):
        await knowing.tell(ago)
    stage.clock.moment = now
    await takedown_cast.reported(store, knowledge, 1, 2, 3)
    case = await takedown_cast.found_scam(store)
    editor, approver = stage.cast[Role.EDITOR], stage.cast[Role.APPROVER]
    domain = (Subject("domain", takedown_cast.DOMAIN),)
    campaigns, takedowns = CampaignBook(store.foundation), Takedowns(store.foundation)
    campaign = await campaigns.propose(Proposal(case, Marking.CLEAR, timedelta(days=90), domain), editor)
    await campaigns.confirm(campaign.id, approver)
    asks = knowledge.takedown.of(RecipientKind.REGISTRAR).asks
    wish = Wish(RecipientKind.REGISTRAR, asks, "registrar", "abuse@registrar.example", domain)
    takedown = await takedowns.prepare(case, wish, editor)
    await takedowns.sent(takedown, 1, approver, now + timedelta(seconds=1))
    editorial = Editorial(store.foundation, lambda: knowledge, settings)
    bulletin = await editorial.draft(Month.of(now.astimezone(settings.timezone)).before(), OPERATOR)
    await editorial.sign(bulletin, editor.name)
    await editorial.sign(bulletin, approver.name)
    drafts = await Revisions(store.foundation).drafts()
    hubs = await HubBook(store.foundation).every()
    made = {"case": case, "campaign": campaign.id, "takedown": takedown, "bulletin": bulletin}
    made |= {"draft": next(each.id for each in drafts if each.name == ASKED), "hub": min(each.hub.id for each in hubs)}
    return {name: str(id) for name, id in made.items()}


def many(path: Path, bulletin: str) -> None:
    """Rows past the store, in its own form: a bulletin that was sent, and lists as long as they are shown."""
    now = datetime.now(UTC)
    stamp, until = forms.stamp(now), forms.stamp(now + timedelta(days=60))
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("begin")
    raw.executemany(
        "insert into deliveries (bulletin, version, platform, language, state, why, at) values (?, 1, ?, 'th', ?, ?, ?)",
        ((bulletin, *_delivery(number), stamp) for number in range(DELIVERIES)),
    )
    raw.execute(
        "update bulletins set state = 'sent', gathered = 1, planned = ?, scheduled_for = ?, started_at = ?, ended_at = ? where id = ?",
        (DELIVERIES, stamp, stamp, stamp, bulletin),
    )
    decided = [
        id for (id,) in raw.execute("select id from cases where decision = 'scam' order by id limit ?", (LISTED,))
    ]
    raw.executemany(
        """insert into campaigns (uuid, case_id, type, marking, state, valid_until, reports, reporters, first_on, last_on,
             counted_at, looked_at, proposed_by, proposed_at, confirmed_by, confirmed_at)
           values (?, ?, 'parcel', 'clear', 'confirmed', ?, 9, 7, ?, ?, ?, ?, 'a', ?, 'b', ?)""",
        ((str(uuid4()), case, until, stamp[:10], stamp[:10], stamp, stamp, stamp, stamp) for case in decided),
    )
    raw.executemany(
        """insert into takedowns (case_id, kind, name, way, asks, state, prepared_by, prepared_at, sent_by, sent_at, ended_at)
           values (?, 'registrar', 'r', 'r@registrar.example', 'suspend', ?, 'a', ?, 'b', ?, ?)""",
        ((case, *_request(number, stamp)) for number, case in enumerate(decided)),
    )
    raw.execute("update reports set hub = (select name from hubs order by id limit 1) where id % ? = 0", (FROM_HUB,))
    days = [(now - timedelta(days=back)).date().isoformat() for back in range(_DAYS)]
    raw.executemany(
        "insert into hub_counts (hub, day, name, key, count) select id, ?, 'level', 'known_scam', 9 from hubs",
        ((day,) for day in days),
    )
    raw.executemany(
        "insert into limits (person, kind, reason, made_by, made_at) values (?, 'slowed', 'a reason', 'a', ?)",
        ((f"{number:064x}", stamp) for number in range(LISTED)),
    )
    raw.execute("commit")
    raw.close()


def _delivery(number: int) -> tuple[str, str, str]:
    platform = "telegram" if number % 5 == 0 else "line"
    return (platform, "failed", "blocked") if number % 50 == 0 else (platform, "sent", "")


def _request(number: int, stamp: str) -> tuple[str, str, str, str | None]:
    over = number % 2 == 0
    return ("removed" if over else "sent"), stamp, stamp, (stamp if over else None)
