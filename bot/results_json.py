"""The results of a quarter for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.results import TABLES, measures
from bot.store.opening import queries_text
from bot.store.results import COUNTED_BY, Results
from bot.store.takedown_types import Took, half_within
from bot.store.transaction import named_queries
from handlers.report import REVIEW_DAYS
from scheduler.trends import SMALLEST


def as_json(now: Results, before: Results) -> dict[str, object]:
    """Both quarters for programs, with the queries that count them."""
    queries = named_queries(queries_text())
    used = {name: {"query": query, "sql": queries[query]} for name, query in COUNTED_BY.items()}
    return {
        "quarter": _plain(now),
        "quarter_before": _plain(before),
        "hidden_under": SMALLEST,
        "review_promise_hours": REVIEW_DAYS * 24,
        "counted_by": used,
    }


def _plain(results: Results) -> dict[str, object]:
    return {
        "quarter": results.quarter.text,
        "so_far": results.so_far,
        "until": results.until.isoformat(timespec="seconds"),
        "began": results.began.isoformat(timespec="seconds") if results.began else None,
        "no_data": results.empty,
        "figures": {} if results.empty else dict(measures(results)),
        "tables": {}
        if results.empty
        else {name: None if rows is None else dict(rows) for name, rows in results.tables.items() if name in TABLES},
        "takedowns": {each.kind.value: _took(each) for each in results.takedowns},
    }


def _took(took: Took) -> dict[str, object]:
    def hours(times: Sequence[timedelta]) -> int | None:
        half = half_within(times)
        return int(half.total_seconds() // 3600) if half else None

    return {
        "sent": took.sent,
        "acknowledged": len(took.acknowledged),
        "acknowledged_half_within_hours": hours(took.acknowledged),
        "removed": len(took.removed),
        "removed_half_within_hours": hours(took.removed),
        "refused": took.refused,
        "withdrawn": took.withdrawn,
        "waiting": took.waiting,
    }
