"""Which warnings partners may hear of: those that two officials signed as they stand."""

from __future__ import annotations

from collections.abc import Sequence

from bot.store.bulletins import bulletin, loaded
from bot.store.transaction import Transaction
from scheduler.bulletins import Bulletin, Kind

# One a week at most: this is ten years of them.
_MOST = 500


def confirmed(tx: Transaction) -> Sequence[Bulletin]:
    """Every confirmed warning and correction of one, the newest first."""
    found = [bulletin(tx, row) for row in tx.rows("confirmed_alerts", page=_MOST)]
    return [each for each in found if is_alert(tx, each)]


def is_alert(tx: Transaction, each: Bulletin) -> bool:
    """Whether it is a warning, or corrects one: what corrects a month is none."""
    while each.kind is Kind.CORRECTION and each.corrects is not None:
        each = loaded(tx, each.corrects)
    return each.kind is Kind.ALERT
