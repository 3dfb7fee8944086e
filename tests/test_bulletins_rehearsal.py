"""A small rehearsal in the slow tier; the whole one is `tests/benchmarks/bulletins.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from bulletin_rehearsal import Plan, rehearse


@pytest.mark.slow
async def test_a_server_killed_in_the_midst_of_a_bulletin_goes_on_by_itself_and_nobody_on_line_hears_it_twice(
    tmp_path: Path, knowledge
) -> None:
    plan = Plan(line=1_940, telegram=60, kills=1, seed=7, hangs=False, kills_within=0.8)
    found = await rehearse(plan, tmp_path, knowledge, print)
    print(f"{found.seconds:.1f} s, Telegram doubles {found.telegram_doubles()} of at most {found.most_doubles()}")
    found.check()
