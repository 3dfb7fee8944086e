"""`evidence.txt`: everything known, line by line, English beside Thai, for whoever has to look into it."""

from __future__ import annotations

from bot.desk import labels
from bot.takedown.facts import Facts, Moment, Said
from bot.takedown.letter import HERE
from content.models import Language

RULE = "=" * 72
_COUNTS = ("reports", "reporters", "disputing", "times_asked", "people_asked")
_MOMENTS = ("first_report", "last_report", "first_seen", "last_seen")


def evidence(facts: Facts) -> str:
    """The whole text; every line ends with a line feed."""
    parts = (_head(facts), _targets(facts), _counts(facts), _explained(facts), _links(facts), _texts(facts))
    return "\n".join(line for part in parts for line in (*part, "")) + "\n"


def _say(key: str, language: Language, **values: str | int) -> str:
    return labels.load(HERE).say(key, language, **values)


def _both(key: str, **values: str | int) -> str:
    return f"{_say(key, Language.ENGLISH, **values)} / {_say(key, Language.THAI, **values)}"


def _said(said: Said) -> str:
    return f"{said.en} / {said.th}" if said.en != said.th else said.en


def _at(moment: Moment | None) -> str:
    return f"{moment.local} = {moment.utc}" if moment else _both("evidence.none")


def _head(facts: Facts) -> list[str]:
    told = {"local": facts.as_of.local, "utc": facts.as_of.utc, "zone": facts.timezone}
    titles = [_say("evidence.title", each, reference=facts.reference) for each in (Language.ENGLISH, Language.THAI)]
    times = [_say("evidence.as_of", each, **told) for each in (Language.ENGLISH, Language.THAI)]
    notes = [
        f"- {_say(f'letter.{key}', each)}"
        for key in ("no_order", "masked", "defanged", "mistaken")
        for each in (Language.ENGLISH, Language.THAI)
    ]
    return [*titles, *times, "", RULE, _both("evidence.notes"), *notes]


def _targets(facts: Facts) -> list[str]:
    lines = [
        f"- {each.kind}: {each.value} ({each.times_reported} / {each.reporters}; {_at(each.first_reported)} … {_at(each.last_reported)})"
        for each in facts.targets
    ]
    return [RULE, _both("evidence.targets"), *(lines or [_both("evidence.none")])]


def _counts(facts: Facts) -> list[str]:
    decided = f"{_both('evidence.decided')}: {_at(facts.decided)}"
    counts = [f"{_both(f'evidence.{name}')}: {getattr(facts.counts, name)}" for name in _COUNTS]
    moments = [f"{_both(f'evidence.{name}')}: {_at(getattr(facts.counts, name))}" for name in _MOMENTS]
    return [RULE, _both("evidence.counts"), decided, *counts, *moments]


def _explained(facts: Facts) -> list[str]:
    told = facts.explained
    names = [_said(each) for each in (told.type_name, told.title) if each.en]
    how = [f"- {line}" for line in (*told.how_it_works_en, *told.how_it_works_th)]
    return [RULE, _both("evidence.explained"), *names, *how]


def _links(facts: Facts) -> list[str]:
    lines = [
        line
        for each in facts.links
        for line in (f"- {each.link}", f"  {_both('evidence.domain')}: {each.domain}: {_said(each.said)}")
    ]
    return [RULE, _both("evidence.links"), *(lines or [_both("evidence.none")])]


def _texts(facts: Facts) -> list[str]:
    lines = [RULE, _both("evidence.texts")]
    for number, each in enumerate(facts.texts, start=1):
        lines += [
            "",
            f"--- {_both('evidence.text', n=number)}",
            f"{_both('evidence.first_received')}: {_at(each.first_received)}",
            f"{_both('evidence.copies')}: {each.copies}",
            *each.text.split("\n"),
        ]
    return [*lines, "", f"{_both('evidence.left_out')}: {facts.texts_left_out}"]
