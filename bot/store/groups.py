"""How a group wants us, and what we said in it unasked: so that the same scam is named once a day, and no word is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.store import forms, sightings
from bot.store.transaction import Transaction
from content.fingerprints import ALIKE, Fingerprint, likeness
from handlers.messages import GroupMode

# A group in which somebody pastes scam after scam is a flood, and ours would be another.
MOST_UNASKED = 20
# Answers of today are all that is asked for; a night more, for a zone that is behind.
ANSWERS_STAY = timedelta(days=2)


@dataclass(frozen=True)
class Group:
    """One group, by keyed hash, within one transaction."""

    tx: Transaction
    key: str
    now: datetime
    timezone: ZoneInfo

    def may_speak(self, unasked: Fingerprint) -> bool:
        """Whether an answer that nobody asked for may be said: the group wants it, and has not had it today."""
        setting = self.tx.row("group_mode", chat=self.key)
        if setting is not None and setting["mode"] != GroupMode.ON:
            return False
        said = self.tx.rows("group_answers", chat=self.key, day=self._day())
        alike = (likeness(unasked.signature, bytes(row["signature"]).hex()) for row in said)
        return len(said) < MOST_UNASKED and max(alike, default=0.0) < ALIKE

    def keep(self, unasked: Fingerprint | None, mode: GroupMode | None) -> None:
        """Remember what was said unasked, and how the group wants us from now on."""
        at = forms.stamp(self.now)
        if unasked is not None:
            signature = bytes.fromhex(unasked.signature)
            self.tx.run("add_group_answer", chat=self.key, day=self._day(), signature=signature, at=at)
        if mode is not None:
            self.tx.run("set_group_mode", chat=self.key, mode=mode.value, at=at)

    def forget(self) -> None:
        """We are in it no more: nothing of it stays, not even that it was one of those who asked about a message."""
        sightings.erase(self.tx, self.key)
        if self.tx.run("erase_person", key=self.key):
            self.tx.tidy()

    def _day(self) -> str:
        return self.now.astimezone(self.timezone).date().isoformat()
