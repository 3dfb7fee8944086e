"""A small rehearsal in the slow tier; the whole one is `tests/benchmarks/bulletins.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from bulletin_rehearsal import Plan, rehearse


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_a_server_killed_twice_over_hanging_platforms_and_an_ending_quota_goes_on_by_itself(
    tmp_path: Path, knowledge
) -> None:
    """Nobody on LINE hears it twice, nobody is forgotten, and who was left without a message because the month's were used up
    is known as that."""
    plan = Plan(line=2_940, telegram=60, kills=2, seed=7, hangs=True, quota_ends_after=1_500, kills_within=0.8)
    found = await rehearse(plan, tmp_path, knowledge, print)
    print(f"{found.seconds:.1f} s, Telegram doubles {found.telegram_doubles()} of at most {found.most_doubles()}")
    print(found.ends())
    found.check()
    ends = found.ends()
    spent, sent = ends["line", "failed", "quota_spent"], ends["line", "sent", ""]
    assert spent and sent >= plan.quota_ends_after, ends
    assert found.hung, "a call hung at least once"
