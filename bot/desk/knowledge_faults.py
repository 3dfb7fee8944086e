"""What the checks found, in plain words and at its field. The checks speak English to writers of files; officials read
their own language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bot.desk.knowledge_fields import FIELDS, LANGUAGES
from bot.desk.labels import Labels
from content.models import Language
from content.revising import Kind, Located

# The label that says it, and what it takes from the fault; the first that fits. The rest is said as it is.
_SAID: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), label)
    for pattern, label in (
        (r"the Thai is missing", "thai_missing"),
        (r"the English is missing", "english_missing"),
        (r": missing: add it", "missing"),
        (r": empty: write at least one line|should have at least 1", "missing"),
        (r"phrase also claimed by entry '(?P<name>[^']*)'", "phrase_twice"),
        (r"phrase is an honest message", "phrase_honest"),
        (r"no sign '(?P<name>[^']*)'", "no_sign"),
        (r"no hotline '(?P<name>[^']*)'", "no_hotline"),
        (r"expires before it was reviewed", "days_crossed"),
        (r"expired on (?P<name>[\d-]+)", "expired"),
        (r"link to '(?P<name>[^']*)'", "link"),
        (r"says that something is safe", "promise"),
        (r"'(?P<name>[^']*)' already belongs to organisation '(?P<other>[^']*)'", "domain_twice"),
        (r"'(?P<name>[^']*)' is no domain name", "no_domain"),
        (r"'(?P<name>[^']*)' is an ending", "ending"),
        (r"'(?P<name>[^']*)' makes short links", "shortener"),
        (r"'(?P<name>[^']*)' is no telephone number", "no_number"),
        (r"an empty group in", "empty_group"),
        (r"fragment '(?P<name>[^']*)' has digits only", "digits"),
        (r"fragment '(?P<name>[^']*)' has under", "short"),
        (r"unknown placeholder '(?P<name>[^']*)'", "placeholder"),
        (r"[Ii]nput should be a valid date|date_from|valid date", "no_day"),
        (r"^dated\b|\.dated: ", "no_dated"),
        (r"^(type|state): Input should be", "choose"),
        (r"^police_case\b.*(less than|greater than|valid integer)", "police_case"),
        (r"^(kind|id|signs|call)\b.*should match pattern", "slug"),
        (r"no entry names this sign", "sign_unused"),
    )
)


def by_field(
    kind: Kind, name: str, faults: Iterable[Located], labels: Labels, language: Language
) -> dict[str, list[str]]:
    """The faults of one thing in plain words, by the name of their field; those elsewhere, and those of no field, by ""."""
    said: dict[str, list[str]] = {}
    for each in faults:
        mine = each.kind == kind and each.name == name
        place = _field(kind, each.loc) if mine else ""
        words = plain(each, labels, language)
        if not mine:
            words = labels.say("knowledge_fault.elsewhere", language, where=each.name or each.file, said=words)
        elif numbers := [step for step in each.loc if isinstance(step, int)]:
            number = numbers[0] + 1
            tongue = next((step for step in each.loc if step in LANGUAGES), "")
            words = labels.say(f"knowledge_fault.at_{tongue or 'line'}", language, number=number, said=words)
        if words not in said.setdefault(place, []):
            said[place].append(words)
    return said


def plain(fault: Located, labels: Labels, language: Language) -> str:
    """One fault in the official's language."""
    for pattern, label in _SAID:
        if found := pattern.search(fault.message):
            given: Mapping[str, str] = {"name": "", "other": "", **found.groupdict("")}
            return labels.say(f"knowledge_fault.{label}", language, **given)
    return labels.say("knowledge_fault.other", language, said=fault.message)


def _field(kind: Kind, loc: tuple[str | int, ...]) -> str:
    steps = [str(step) for step in loc]
    for one in FIELDS[kind]:
        if tuple(steps[: len(one.steps)]) == one.steps or (steps and one.steps[: len(steps)] == tuple(steps)):
            return one.name
    return ""
