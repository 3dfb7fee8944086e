"""Who asked about this before: how many different people and since when; and what a question adds to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo

from content.fingerprints import Fingerprint, Fingerprinter
from content.reported import Standing
from content.verdict import Level, Verdict
from content.words import Words
from handlers.messages import ChatKind, Kind, Message, Reply, Section, Seen, Sighting, line
from handlers.wording import Voice

# Fewer would tell somebody about two people whom they may know.
LEAST_PEOPLE = 3
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Recall:
    """What a turn may know of earlier questions; without a `fingerprinter` nothing is known again and nothing added.

    `fingerprints` are those already made, by text; `seen` what the store knows, by signature; `zone` says what a day is;
    `reported` what people's reports say of numbers, accounts and pages that the texts name; `looks` what the store knows of
    pictures, by look.
    """

    fingerprinter: Fingerprinter | None = None
    fingerprints: Mapping[str, Fingerprint] = field(default_factory=dict)
    seen: Mapping[str, Seen] = field(default_factory=dict)
    zone: tzinfo = UTC
    reported: tuple[Standing, ...] = ()
    looks: Mapping[str, Seen] = field(default_factory=dict)

    def sightings(self, *judged: tuple[str, Verdict]) -> tuple[Sighting, ...]:
        """What each text adds, with its verdict; nothing for what is no question or too short to be known again."""
        return tuple(
            Sighting(fingerprint, verdict.level, verdict.type, verdict.entry, self.words(text))
            for text, verdict in judged
            if verdict.level is not Level.NOT_A_CHECK and (fingerprint := self.fingerprint(text)) is not None
        )

    def fingerprint(self, text: str) -> Fingerprint | None:
        """What a text is known again by; None where it is too short, or nothing is to be known again."""
        if text in self.fingerprints:
            return self.fingerprints[text]
        return self.fingerprinter.of(text) if self.fingerprinter else None

    def words(self, text: str) -> str:
        """A keyed hash of exactly these words; "" where nothing is to be known again."""
        return self.fingerprinter.words(text) if self.fingerprinter else ""

    def told(self, text: str, voice: Voice, now: datetime) -> str:
        """ "37 people asked about this since Tuesday", or "" where too few did. The asker is one of them."""
        fingerprint = self.fingerprints.get(text)
        seen = self.seen.get(fingerprint.signature) if fingerprint else None
        if seen is None or seen.others + 1 < LEAST_PEOPLE:
            return ""
        since = _since(seen.first_at.astimezone(self.zone), now.astimezone(self.zone), voice)
        return voice.say("asked_before", people=f"{seen.others + 1:,}", since=since)

    def told_picture(self, looks: Sequence[str], voice: Voice, now: datetime) -> str:
        """ "37 people sent this picture since Tuesday", of the picture that most did, or "" where too few did."""
        known = [self.looks[look] for look in looks if look in self.looks]
        seen = max(known, key=lambda each: each.others, default=None)
        if seen is None or seen.others + 1 < LEAST_PEOPLE:
            return ""
        since = _since(seen.first_at.astimezone(self.zone), now.astimezone(self.zone), voice)
        return voice.say("picture_sent_before", people=f"{seen.others + 1:,}", since=since)


NOTHING_KNOWN = Recall()


def _since(first: datetime, now: datetime, voice: Voice) -> str:
    days = (now.date() - first.date()).days
    if days <= 0:
        return voice.say("since_today")
    if days == 1:
        return voice.say("since_yesterday")
    if days < len(WEEKDAYS):
        return voice.say(f"since_{WEEKDAYS[first.weekday()]}")
    return voice.say("since_date", date=first.strftime("%d/%m/%Y"))


def question_in(message: Message, words: Words) -> str:
    """The text that somebody alone with us asks about; "" for a command, a tap, or what has no words.

    In a group nothing is looked up: there we answer in short, and mostly not at all.
    """
    if message.kind is not Kind.TEXT or message.address.kind is not ChatKind.PRIVATE:
        return ""
    command, rest = words.command(message.text)
    if command == "check" and message.text.startswith("/"):
        return rest
    return "" if command or message.text.startswith("/") else message.text


def with_told(reply: Reply, told: str) -> Reply:
    """The reply with that line under its opening."""
    if not told:
        return reply
    return replace(reply, sections=(*reply.sections[:1], Section("", (line(told),)), *reply.sections[1:]))
