"""Waves of letters to those who were told otherwise about a message: begun by an official's decision, or by our own verdict where
the very same words are judged otherwise than before. See docs/decisions/0016-verdicts-that-turn.md."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.store import forms
from bot.store.transaction import Row, Transaction
from content.verdict import Level
from handlers.messages import Sighting
from scheduler.recalls import UNSURE

# "We cannot tell" takes back nothing that was said.
TAKES_BACK = ("scam", "new_entry", "not_a_scam")
# Our own verdict may turn at every revision; nobody is written to more often than this about one message.
AT_MOST_EVERY = timedelta(days=1)
# So many wordings of one message are remembered with what was said of them: it is read and written with every question.
MOST_WORDINGS = 16
_LETTERS = {Level.NOT_KNOWN: "n", Level.WARNING_SIGNS: "w", Level.KNOWN_SCAM: "k"}


def begin(tx: Transaction, case: int, decision: str, entry: str | None, now: datetime) -> None:
    """Let everybody know who asked about the message of a case, or of one merged into it. What was still going out about
    it ends: the newest decision is the one that is told."""
    tx.run("end_recalls", case_id=case, now=forms.stamp(now))
    if decision not in TAKES_BACK:
        return
    for row in tx.rows("sightings_of_case", id=case):
        tx.run("end_recalls_of_sighting", sighting=row["sighting"], now=forms.stamp(now))
        values = {"sighting": row["sighting"], "case_id": case, "decision": decision, "entry": entry, "words": ""}
        tx.run("begin_recall", now=forms.stamp(now), **values)


def turned(said: str, sighting: Sighting) -> str:
    """What those must hear who were told otherwise of exactly these words: "scam", "unsure", or "" for nothing. `said` is what a
    sighting remembers of its wordings. A word of caution more or less is no news: reports of people reach no further."""
    before = _before(said, sighting.words)
    if sighting.level is Level.KNOWN_SCAM and before in ("n", "w"):
        return "scam"
    return UNSURE if sighting.level is Level.NOT_KNOWN and before == "k" else ""


def noted(said: str, sighting: Sighting) -> str:
    """What a sighting remembers after this answer; the wording that was not asked about for longest is dropped."""
    if not sighting.words or sighting.level not in _LETTERS:
        return said
    letter = _LETTERS[sighting.level]
    if letter == "w" and _before(said, sighting.words) == "k":
        # Who was told "a scam" is still to hear it where even the warning goes.
        letter = "k"
    others = [each for each in said.split() if each[1:] != sighting.words]
    return " ".join([*others[1 - MOST_WORDINGS :], letter + sighting.words])


def begin_by_itself(tx: Transaction, sighting: int, decision: str, asked: Sighting, now: datetime) -> bool:
    """Let those know who were told otherwise of these words; whether that is settled. It is not where a wave about this message
    began less than a day ago: then it is for whoever asks next. Where an official has decided, nothing is begun."""
    if tx.row("recent_recall", sighting=sighting, since=forms.stamp(now - AT_MOST_EVERY)):
        return False
    if not _decided(tx, tx.row("case_of_sighting", sighting=sighting)):
        values = {"sighting": sighting, "case_id": None, "decision": decision, "words": asked.words}
        tx.run("begin_recall", entry=asked.entry if decision != UNSURE else None, now=forms.stamp(now), **values)
    return True


def _decided(tx: Transaction, case: Row | None) -> bool:
    if case is not None and case["merged_into"] is not None:
        case = tx.row("case_state", id=case["merged_into"])
    return case is not None and case["decision"] in TAKES_BACK


def _before(said: str, words: str) -> str:
    """The letter of what was last said of these words, "" where nothing was."""
    return next((each[0] for each in said.split() if words and each[1:] == words), "")
