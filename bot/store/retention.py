"""Removes what is older than it may be, page by page, beside the answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.store import forms, groups, hubs, ledger, pictures, sightings, upkeep
from bot.store.foundation import Foundation
from bot.store.limits import Limits
from bot.store.transaction import Transaction
from bot.store.upkeep import Removed

# Rows of one transaction of upkeep or export, so that no answer waits behind them.
PAGE_OF_UPKEEP = 500


class Retention:
    """What time takes away. Every method may run as often as one likes; all raise StoreFailed."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    async def clear_asked(self, before: datetime) -> int:
        """Take the text out of every session that was asked about it before then; how many."""
        return await self._page_by_page(lambda tx, page: upkeep.clear_asked(tx, self._foundation.seal, before, page))

    async def clear_steps(self, before: datetime) -> int:
        """End every dialogue whose last step is older, with what it had gathered; how many."""
        return await self._page_by_page(lambda tx, page: upkeep.clear_steps(tx, self._foundation.seal, before, page))

    async def remove_report_texts(self, before: datetime) -> int:
        """Empty the text of every report made before then; the counts stay. How many."""
        return await self._page_by_page(lambda tx, page: upkeep.remove_report_texts(tx, before, page))

    async def forget_sightings(self, before: datetime) -> int:
        """Forget what nobody has asked about since then, messages and pictures; how many."""
        messages = await self._page_by_page(lambda tx, page: sightings.remove_old(tx, before, page))
        return messages + await self._page_by_page(lambda tx, page: pictures.remove_old(tx, before, page))

    async def remove_old(self, report_days: int) -> Removed:
        """Remove all that is older than it may be. May run as often as one likes."""
        now = self._foundation.now()
        long_ago = now - upkeep.ENDED_STAYS
        return Removed(
            asked=await self.clear_asked(now - upkeep.ASKED_STAYS),
            steps=await self.clear_steps(now - upkeep.STEP_STAYS),
            report_texts=await self.remove_report_texts(now - timedelta(days=report_days)),
            sightings=await self.forget_sightings(now - timedelta(days=report_days)),
            not_collected=await self._abandon(now),
            messages=await self._remove("remove_messages", long_ago),
            letters=await self._remove("remove_letters", long_ago),
            text_keys=await self._remove("remove_text_keys", now - timedelta(days=report_days)),
            follow_ups=await self._remove("remove_follow_ups", long_ago),
            recalls=await self._remove("remove_recalls", long_ago),
            identifiers=await self._remove("forget_identifiers", now - ledger.STAYS),
            limits=await Limits(self._foundation).remove_ended(),
            group_answers=await self._remove("remove_group_answers", now - groups.ANSWERS_STAY),
            hub_tables=await self._remove("remove_hub_tables", now),
            hub_codes=await self._remove("remove_hub_codes", now),
            hub_tries=await self._remove("remove_hub_tries", now - hubs.TRIES_STAY),
        )

    async def shrink_growth(self) -> int:
        """What grew on an earlier day is counted for this one; how many cases."""
        today = self._foundation.today()
        return await self._page_by_page(lambda tx, page: sightings.shrink_cases(tx, today, page))

    async def _abandon(self, now: datetime) -> int:
        """Letters to browsers that never came for them."""
        before = {
            "before": forms.stamp(now - upkeep.WEB_LETTER_STAYS),
            "news_before": forms.stamp(now - upkeep.WEB_NEWS_STAYS),
        }
        return await self._page_by_page(lambda tx, page: tx.run("abandon_web_letters", page=page, **before))

    async def _remove(self, query: str, before: datetime) -> int:
        stamp = forms.stamp(before)
        return await self._page_by_page(lambda tx, page: tx.run(query, before=stamp, page=page))

    async def _page_by_page(self, work: Callable[[Transaction, int], int]) -> int:
        """Run a unit of upkeep until it finds less than a page, each page in a transaction of its own."""
        whole = 0
        while True:
            changed = await self._foundation.database.write(lambda tx: work(tx, PAGE_OF_UPKEEP))
            whole += changed
            if changed < PAGE_OF_UPKEEP:
                return whole
