"""Many messages from a hub, in one burst or in a file: looked at one by one, answered with one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from content.cleaning import skeleton
from content.fingerprints import ALIKE, Fingerprint, likeness
from content.models import Entry
from content.verdict import Level, Verdict, judged
from content.words import Words
from handlers import check, dialogue, pictures, report
from handlers.errors import NotMasked
from handlers.hub_types import Listed
from handlers.masking import masked
from handlers.messages import (
    Button,
    ButtonKind,
    ChatKind,
    Happened,
    HubTable,
    Kind,
    Message,
    NewReport,
    Outcome,
    Reply,
    Section,
    Span,
    Tone,
    line,
    plain,
)
from handlers.turns import Turn
from handlers.wording import TONES, Voice, defang, named, shortened

# One table that a person still reads to the end.
MOST = 200
# From so many on a line says that they are being looked at.
PROGRESS_FROM = 10
# Groups that are shown in the chat in full; the others by their numbers, and all of them in the file.
MOST_GROUPS = 10
# Fewer cases than this are opened with one tap: officials read each of them.
MOST_REPORTS = 100
LONGEST_START, LONGEST_CELL = 40, 300
SURE = 0.95


@dataclass(frozen=True)
class Item:
    """One message of the burst: its number as it was sent, its words ("" where there are none), what was made of it."""

    number: int
    text: str
    verdict: Verdict | None


@dataclass(frozen=True)
class Fold:
    """Messages that are nearly the same."""

    items: tuple[Item, ...]

    @property
    def first(self) -> Item:
        return self.items[0]

    @property
    def numbers(self) -> str:
        return ranges([each.number for each in self.items])


def in_burst(message: Message, words: Words) -> bool:
    """Whether a message may be one of many: words or a picture, and neither a command nor a cry for help."""
    if message.address.kind is not ChatKind.PRIVATE or words.crisis_in(message.text):
        return False
    if message.kind is Kind.IMAGE:
        return True
    typed = bool(words.command(message.text)[0]) or message.text.startswith("/")
    return message.kind is Kind.TEXT and bool(message.text.strip()) and (message.forwarded or not typed)


def many(turn: Turn) -> bool:
    """Whether a member of a hub sent more than one message, or a list of them."""
    messages = turn.messages
    if not turn.session.hub:
        return False
    one_album = bool(messages[0].album) and len({each.album for each in messages}) == 1
    return turn.message.listed is not None or (len(messages) > 1 and not one_album)


def working(voice: Voice) -> Reply:
    """The one line that says that it takes a moment."""
    return voice.short("hub_working")


def answer(turn: Turn) -> Outcome:
    """One table of everything that was sent."""
    listed = turn.message.listed
    if listed is not None and (listed.refused or not listed.messages):
        reply = turn.voice.short("file_title", listed.refused or "forwarded_no_messages", tone=Tone.CAUTION)
        return Outcome(turn.session, reply, events=(Happened("hub_file", "refused"),))
    items = [_judged(number, text, turn) for number, text in enumerate(texts_of(turn.messages)[:MOST], start=1)]
    folds = _folded(items, turn)
    table = _table(folds, len(items), turn)
    session = dialogue.over(dialogue.left(turn.session, turn.now))
    pairs = [(each.text, each.verdict) for each in items if each.verdict is not None]
    return Outcome(
        session,
        _reply(folds, table, listed, turn),
        events=(*(check.counted(verdict) for _, verdict in pairs), Happened("hub_table")),
        sightings=turn.recall.sightings(*pairs),
        table=table,
    )


def listed_in(messages: Sequence[Message]) -> Sequence[str]:
    """The messages of the file that came, if one did."""
    listed = messages[-1].listed
    return listed.messages if listed is not None else ()


def texts_of(messages: Sequence[Message]) -> Sequence[str]:
    """What is to be looked at, one by one, in the order in which it was sent."""
    return listed_in(messages) or [_words(each) for each in messages]


def _words(message: Message) -> str:
    return pictures.words([message]) if message.picture is not None else message.text


def _judged(number: int, text: str, turn: Turn) -> Item:
    verdict = judged(text, turn.knowledge, turn.voice.language, turn.recall.reported) if text.strip() else None
    return Item(number, text, verdict)


def _folded(items: Sequence[Item], turn: Turn) -> list[Fold]:
    """Messages that are nearly the same together, the gravest first."""
    folds: list[list[Item]] = []
    leads: list[tuple[Fingerprint | None, str]] = []
    for item in items:
        fingerprint, bare = turn.recall.fingerprint(item.text) if item.text else None, skeleton(item.text)
        place = next((n for n, lead in enumerate(leads) if _same(lead, (fingerprint, bare))), None)
        if place is None or not item.text:
            folds.append([item])
            leads.append((fingerprint, bare))
        else:
            folds[place].append(item)
    return sorted((Fold(tuple(each)) for each in folds), key=_gravity, reverse=True)


def _same(one: tuple[Fingerprint | None, str], other: tuple[Fingerprint | None, str]) -> bool:
    if one[0] is None or other[0] is None:
        return one[1] == other[1] and bool(one[1])
    return likeness(one[0].signature, other[0].signature) >= ALIKE


def _gravity(fold: Fold) -> tuple[int, float, int]:
    verdict = fold.first.verdict
    if verdict is None:
        return (-1, 0.0, -fold.first.number)
    return (check.GRAVITY.index(verdict.level), verdict.score, -fold.first.number)


# --- what is said of one ---------------------------------------------------------------------------------------------------
def looks_like(verdict: Verdict | None, voice: Voice) -> str:
    """What it looks like, in a few words."""
    if verdict is None:
        return voice.say("hub_no_words")
    if verdict.frame == "scam-warning" and verdict.level is not Level.KNOWN_SCAM:
        return voice.say("hub_a_warning")
    entry = named(verdict, voice.knowledge)
    if entry is not None and verdict.level in (Level.KNOWN_SCAM, Level.WARNING_SIGNS):
        return entry.title.in_(voice.language)
    return voice.say(f"hub_level_{verdict.level.value}")


def how_sure(verdict: Verdict | None, voice: Voice) -> str:
    """How sure we are, in words that an officer can pass on."""
    if verdict is None or verdict.level is Level.NOT_A_CHECK:
        return voice.say("hub_sure_nothing")
    if verdict.level is Level.KNOWN_SCAM:
        return voice.say("hub_sure_very" if verdict.score >= SURE else "hub_sure_rather")
    return voice.say("hub_sure_signs" if verdict.level is Level.WARNING_SIGNS else "hub_sure_unknown")


def do_now(verdict: Verdict | None, voice: Voice) -> str:
    """The first thing to do, on one line."""
    if verdict is None or verdict.level is Level.NOT_A_CHECK:
        return voice.say("hub_do_again")
    entry: Entry | None = named(verdict, voice.knowledge)
    if entry is not None and verdict.level in (Level.KNOWN_SCAM, Level.WARNING_SIGNS):
        return plain(line(entry.do_now.in_(voice.language)[0]))
    return voice.say("hub_do_unknown")


# --- the table in the chat ---------------------------------------------------------------------------------------------------
def _reply(folds: Sequence[Fold], table: HubTable, listed: Listed | None, turn: Turn) -> Reply:
    voice = turn.voice
    groups = _groups(folds, voice)
    sections = [_section(each, voice) for each in groups[:MOST_GROUPS]]
    if groups[MOST_GROUPS:]:
        sections.append(_rest(groups[MOST_GROUPS:], voice))
    sections += about_file(listed, voice)
    worst = folds[0].first.verdict
    title = voice.say("hub_table_title", count=f"{table.messages:,}", kinds=f"{len(folds):,}")
    return Reply(
        title=title,
        summary=f"{title} · {groups[0][0]}" if groups else title,
        language=voice.language,
        tone=TONES[worst.level] if worst else Tone.CALM,
        sections=tuple(sections),
        buttons=_buttons(table, turn),
        quick=(voice.tap("button_paid", "paid"), voice.tap("button_hub", "hub:page")),
    )


Group = tuple[str, list[Fold]]


def _groups(folds: Sequence[Fold], voice: Voice) -> list[Group]:
    """Folds of which the same is said, under what is said."""
    found: dict[tuple[str, str, str], list[Fold]] = {}
    for fold in folds:
        verdict = fold.first.verdict
        said = looks_like(verdict, voice), how_sure(verdict, voice), do_now(verdict, voice)
        found.setdefault(said, []).append(fold)
    return [("\n".join(said), group) for said, group in found.items()]


def _section(group: Group, voice: Voice) -> Section:
    said, folds = group
    what, sure, do = said.split("\n")
    numbers = ranges([each.number for fold in folds for each in fold.items])
    lines: list[tuple[Span, ...]] = [(Span(f"{what} · {sure}", bold=True),)]
    if len(folds) <= 2:
        lines += [
            (Span("“" + defang(shortened(fold.first.text, LONGEST_START)) + "”"),) for fold in folds if fold.first.text
        ]
    lines.append((Span(f"→ {do}"),))
    return Section(voice.say("hub_numbers", numbers=numbers), tuple(lines))


def _rest(groups: Sequence[Group], voice: Voice) -> Section:
    """The tail of a long table: only what and which."""
    lines = []
    for said, folds in groups:
        numbers = ranges([each.number for fold in folds for each in fold.items])
        lines.append((Span(f"{voice.say('hub_numbers', numbers=numbers)}: {said.partition(chr(10))[0]}"),))
    return Section(voice.say("hub_rest"), tuple(lines))


def about_file(listed: Listed | None, voice: Voice) -> list[Section]:
    """What of a file is not in the table, said honestly."""
    if listed is None:
        return []
    lines = [voice.say(key, count=f"{count:,}") for key, count in listed.left_out.items()]
    lines += [voice.say(key) for key in listed.notes]
    return [Section(voice.say("hub_about_file"), tuple(line(each) for each in lines))] if lines else []


def _buttons(table: HubTable, turn: Turn) -> tuple[Button, ...]:
    voice = turn.voice
    buttons = []
    if turn.home:
        for ending in ("xlsx", "csv"):
            address = f"{turn.home}/hub/table/{{hub_table}}.{ending}"
            buttons.append(Button(voice.say(f"button_hub_{ending}"), ButtonKind.OPEN, address))
    if table.reports:
        label = voice.say("button_hub_open", count=str(len(table.reports)))
        buttons.append(Button(label, ButtonKind.TAP, "hub:open:{hub_table_id}"))
    return tuple(buttons)


# --- the table as a file -----------------------------------------------------------------------------------------------------
def _table(folds: Sequence[Fold], messages: int, turn: Turn) -> HubTable:
    voice = turn.voice
    heading = tuple(voice.say(f"hub_column_{each}") for each in ("number", "times", "what", "sure", "do", "message"))
    rows = [heading]
    reports: list[NewReport] = []
    for fold in folds:
        item = fold.first
        covered = _covered(item.text)
        shown = shortened(covered, LONGEST_CELL) if covered is not None else voice.say("hub_not_shown")
        said = looks_like(item.verdict, voice), how_sure(item.verdict, voice), do_now(item.verdict, voice)
        rows.append((fold.numbers, str(len(fold.items)), *said, shown))
        if covered and item.verdict is not None and item.verdict.level in (Level.NOT_KNOWN, Level.WARNING_SIGNS):
            reports.append(_report(item, covered, item.verdict, turn))
    return HubTable(tuple(rows), messages, tuple(reports[:MOST_REPORTS]))


def _covered(text: str) -> str | None:
    """The text without anybody's numbers and names; None where that cannot be."""
    try:
        return masked(text) if text.strip() else ""
    except NotMasked:
        return None


def _report(item: Item, covered: str, verdict: Verdict, turn: Turn) -> NewReport:
    return report.new_report(item.text, covered, verdict, turn.voice, turn.recall)


def ranges(numbers: Sequence[int]) -> str:
    """Numbers as people write them: 1, 3–5, 9."""
    told: list[list[int]] = []
    for number in sorted(numbers):
        if told and number == told[-1][-1] + 1:
            told[-1].append(number)
        else:
            told.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in told)
