"""A decision begins a wave of letters to those who were told otherwise about the same message."""

from __future__ import annotations

from datetime import datetime

from bot.store import forms
from bot.store.transaction import Transaction

# "We cannot tell" takes back nothing that was said.
TAKES_BACK = ("scam", "new_entry", "not_a_scam")


def begin(tx: Transaction, case: int, decision: str, entry: str | None, now: datetime) -> None:
    """Let everybody know who asked about the message of a case, or of one merged into it. What was still going out about
    it ends: the newest decision is the one that is told."""
    tx.run("end_recalls", case_id=case, now=forms.stamp(now))
    if decision not in TAKES_BACK:
        return
    for row in tx.rows("sightings_of_case", id=case):
        values = {"sighting": row["sighting"], "case_id": case, "decision": decision, "entry": entry}
        tx.run("begin_recall", now=forms.stamp(now), **values)
