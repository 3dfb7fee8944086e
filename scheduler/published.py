"""Which totals of a month anybody may see: the one place that says so.

The open data, the partners' `/trends`, the scorecard and the quarterly results tell totals of the same month beside the same
tables. So a total is told in all of them or in none, by what could be worked out from all of them together.
"""

from __future__ import annotations

from collections.abc import Mapping

from scheduler.trends import SMALLEST, Dimension, MonthFigures

# What people did: few of them could be known.
OF_PEOPLE = frozenset({
    "asked", "known", "warned", "unknown", "answers", "useful", "not_useful", "emergencies", "subscribed", "unsubscribed",
    "reports", "reporters", "disputed", "lost_money",
})  # fmt: skip
# What we did. Our mistakes and delays are told to the last one: hidden while they are few, they would hardly ever be seen.
OF_OURS = frozenset({
    "failed_answers", "answered_cases", "in_time", "overturned", "false_alarms", "missed", "promised", "late",
})  # fmt: skip
# Rows of the table of losses that are no loss; all the others together are those who lost money.
NO_LOSS = frozenset({"", "none"})


def small(count: int) -> bool:
    """Whether it is of somebody, and of so few that they could be known."""
    return 0 < count < SMALLEST


def published(figures: MonthFigures) -> Mapping[str, int | None]:
    """Every total of a month as it is published; None for one that is hidden."""
    counts = {name: total.count for name, total in figures.totals.items()}
    hidden = hidden_totals(counts)
    if "lost_money" in counts and not _losses_tell(figures):
        hidden |= {"lost_money"}
    return {name: None if name in hidden else count for name, count in counts.items()}


def hidden_totals(counts: Mapping[str, int]) -> frozenset[str]:
    """Totals of people that are too small, and those that would give a small one away."""
    hidden = {name for name, count in counts.items() if name in OF_PEOPLE and small(count)}
    if hidden & {"warned", "unknown"}:
        # Together they are what was asked.
        hidden |= {"warned", "unknown"}
    for part, whole in (("known", "warned"), ("disputed", "reports")):
        if part in counts and small(counts.get(whole, 0) - counts[part]):
            hidden.add(part)
    if "warned" in hidden:
        # So many were warned of at least: near to all that were asked it would leave no room.
        hidden.add("known")
    if "reports" in hidden and counts.get("reporters"):
        hidden.add("reporters")
    return frozenset(hidden)


def _losses_tell(figures: MonthFigures) -> bool:
    """Whether the table of losses tells by itself how many lost money. Where rows on both sides of that are hidden, the total
    would say how they are divided, and so tell the small one."""
    rows = {row.key: row.count for row in figures.tables.get(Dimension.LOSS, ()) if row.count != 0}
    if not rows:
        return figures.count("reports") == 0
    hidden = {key for key, count in rows.items() if count is None}
    return hidden <= NO_LOSS or not hidden & NO_LOSS
