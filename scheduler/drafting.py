"""A month's figures become a bulletin in Thai and English; and a bulletin becomes what a citizen reads. Pure.

Every number of the text is one of `MonthFigures`, where small ones are suppressed already; a number that is not shown is
left out and never guessed at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from content.knowledge import Knowledge
from content.models import Entry, Language
from content.models import State as EntryState
from handlers.messages import Button, ButtonKind, Line, Reply, Section, Tone, line
from handlers.wording import Voice
from scheduler.bulletins import Advice, Bulletin, BulletinText, Content, FigureLine, Kind
from scheduler.published import small
from scheduler.trends import BUDDHIST_ERA, SMALLEST, Counted, Dimension, Month, MonthFigures

LANGUAGES = tuple(Language)
MOST_TYPES = 5
MOST_CHANNELS = 4
# More than three things to beware of are remembered as none.
MOST_WARNINGS = 3
FEWEST_WARNINGS = 2
STEPS = 3
# The order in which losses are told: from nothing to most.
LOSSES = ("none", "under_1k", "1k_10k", "10k_100k", "100k_1m", "over_1m")


def composed(figures: MonthFigures, knowledge: Knowledge, zone: ZoneInfo) -> Content:
    """The month's bulletin in both languages."""
    entries = worth_warning_of(figures, knowledge)
    return {language: _text(figures, entries, Voice(knowledge, language), zone) for language in LANGUAGES}


def _text(figures: MonthFigures, entries: Sequence[Entry], voice: Voice, zone: ZoneInfo) -> BulletinText:
    month = figures.month.name(voice.language)
    return BulletinText(
        title=voice.say("bulletin_title_so_far" if figures.so_far else "bulletin_title", month=month),
        intro=_intro(figures, voice),
        figures=tuple(_figures(figures, voice)),
        warnings=tuple(advice(entry, voice.language) for entry in entries),
        results=_results(figures, voice),
        basis=basis(figures, voice, zone),
    )


def advice(entry: Entry, language: Language) -> Advice:
    """What a bulletin says of an entry."""
    return Advice(entry.id, entry.title.in_(language), entry.do_now.in_(language)[:STEPS])


def _intro(figures: MonthFigures, voice: Voice) -> str:
    asked = figures.totals.get("asked")
    if asked is None or asked.count < SMALLEST:
        return voice.say("bulletin_intro_few")
    key = "bulletin_intro_so_far" if figures.so_far else "bulletin_intro"
    few = small(asked.before)
    before = voice.say("bulletin_fewer", smallest=str(SMALLEST)) if few else _number(asked.before)
    return voice.say(key, count=_number(asked.count), before=before)


def _results(figures: MonthFigures, voice: Voice) -> str:
    people = figures.count("reporters") or figures.count("reports")
    if people < SMALLEST:
        return voice.say("bulletin_results_few")
    return voice.say("bulletin_results", count=_number(people))


def basis(figures: MonthFigures, voice: Voice, zone: ZoneInfo) -> str:
    """Which days were counted, beside which month, and what is left out."""
    first = _day(figures.month, 1, voice.language)
    last_moment = figures.until.astimezone(zone) if figures.so_far else figures.month.end(zone) - timedelta(hours=1)
    last = _day(figures.month, last_moment.day, voice.language)
    before = figures.month.before().name(voice.language)
    return voice.say("bulletin_basis", first=first, last=last, before=before, smallest=str(SMALLEST))


def _day(month: Month, day: int, language: Language) -> str:
    year = month.year + BUDDHIST_ERA if language is Language.THAI else month.year
    return f"{day:02d}/{month.month:02d}/{year}"


# --- figures ---------------------------------------------------------------------------------------------------------
def _figures(figures: MonthFigures, voice: Voice) -> Iterable[FigureLine]:
    yield from _types(figures, voice)
    if figures.fastest is not None:
        yield FigureLine(_fastest(figures.fastest, voice), Dimension.TYPE)
    for dimension, key, names in (
        (Dimension.CAME_BY, "bulletin_channels", None),
        (Dimension.LOSS, "bulletin_losses", LOSSES),
    ):
        if told := _listed(figures, dimension, voice, names):
            yield FigureLine(voice.say(key, list=told), dimension)
    if share := _hub_share(figures):
        count, percent = share
        yield FigureLine(voice.say("bulletin_hubs", count=_number(count), percent=str(percent)), Dimension.HUB)


def _types(figures: MonthFigures, voice: Voice) -> Iterable[FigureLine]:
    shown = [row for row in figures.tables.get(Dimension.TYPE, ()) if row.key and row.count][:MOST_TYPES]
    for rank, row in enumerate(shown, start=1):
        key = "bulletin_row" if row.before is not None else "bulletin_row_alone"
        told = {"rank": str(rank), "name": named(Dimension.TYPE, row.key, voice), "count": _number(row.count or 0)}
        if row.before is not None:
            told["before"] = _number(row.before)
        yield FigureLine(voice.say(key, **told), Dimension.TYPE)


def _fastest(row: Counted, voice: Voice) -> str:
    name = named(Dimension.TYPE, row.key, voice)
    return voice.say("bulletin_fastest", name=name, count=_number(row.count or 0), before=_number(row.before or 0))


def _listed(figures: MonthFigures, dimension: Dimension, voice: Voice, order: Sequence[str] | None) -> str:
    rows = [row for row in figures.tables.get(dimension, ()) if row.key and row.count]
    if order is not None:
        rows.sort(key=lambda row: order.index(row.key) if row.key in order else len(order))
    else:
        rows = rows[:MOST_CHANNELS]
    return " · ".join(f"{named(dimension, row.key, voice)} {_number(row.count or 0)}" for row in rows)


def _hub_share(figures: MonthFigures) -> tuple[int, int] | None:
    """How many of the reports came by hubs, and that in percent; None where it may not be said or there are none."""
    reports = figures.count("reports")
    elsewhere = next((row.count for row in figures.tables.get(Dimension.HUB, ()) if row.key == ""), None)
    if not reports or elsewhere is None or reports - elsewhere < SMALLEST:
        return None
    return reports - elsewhere, round(100 * (reports - elsewhere) / reports)


def named(dimension: Dimension, key: str, voice: Voice) -> str:
    """What a row of a table is called: a type of scam, a channel or a band of money lost."""
    if dimension is Dimension.TYPE:
        return voice.say(f"bulletin_type_{key}")
    if dimension is Dimension.CAME_BY:
        return voice.say(f"bulletin_came_by_{key}")
    return voice.say(f"bulletin_loss_{key}")


def _number(count: int) -> str:
    return f"{count:,}"


# --- what to warn of -------------------------------------------------------------------------------------------------
def worth_warning_of(figures: MonthFigures, knowledge: Knowledge) -> tuple[Entry, ...]:
    """Two or three entries: one of the fastest rising type, the most asked about, then one of each of the most frequent
    types; in a month that tells nothing two of the whole knowledge, others every month."""
    live = {key: entry for key, entry in sorted(knowledge.entries.items()) if entry.state is EntryState.LIVE}
    asked = [row.key for row in figures.tables.get(Dimension.ENTRY, ()) if row.count and row.key in live]
    types = [row.key for row in figures.tables.get(Dimension.TYPE, ()) if row.count]
    rising = [figures.fastest.key] if figures.fastest is not None else []
    # Of a type: what people asked about before any other of its entries.
    first = {each: [key for key in (*asked, *live) if live[key].type == each][:1] for each in (*rising, *types)}
    wanted = [*(key for each in rising for key in first[each]), *asked, *(key for each in types for key in first[each])]
    chosen = _one_of_a_type(wanted, live, MOST_WARNINGS)
    if len(chosen) < FEWEST_WARNINGS:
        chosen = _one_of_a_type([*wanted, *_in_turn(figures.month, live)], live, FEWEST_WARNINGS)
    return tuple(live[key] for key in chosen)


def _one_of_a_type(keys: Iterable[str], live: Mapping[str, Entry], most: int) -> list[str]:
    chosen: dict[str, str] = {}
    for key in keys:
        chosen.setdefault(live[key].type, key)
    return list(chosen.values())[:most]


def _in_turn(month: Month, live: Mapping[str, Entry]) -> list[str]:
    """One entry of every type, beginning with another type every month."""
    number = month.year * 12 + month.month
    by_type: dict[str, list[str]] = {}
    for key, entry in live.items():
        by_type.setdefault(entry.type, []).append(key)
    turned = [keys[number % len(keys)] for _, keys in sorted(by_type.items())]
    start = number * FEWEST_WARNINGS % max(len(turned), 1)
    return turned[start:] + turned[:start]


# --- as it is read ---------------------------------------------------------------------------------------------------
def reply(bulletin: Bulletin, voice: Voice, page: str = "") -> Reply:
    """The bulletin as one message. What to beware of and to do comes first; the figures are for whoever reads on. `page`
    is the address of the public page, "" where there is none. The way out stands in every bulletin."""
    text = bulletin.text(voice.language)
    sections = [
        Section("", _lines(text.intro)),
        *(Section(_beware(each, bulletin, voice), tuple(line(step) for step in each.do_now), steps=True)
          for each in text.warnings),
        Section(voice.say("bulletin_figures"), tuple(line(each.text) for each in text.figures)),
        Section(voice.say("bulletin_context"), _lines(text.context)),
        Section("", _lines(text.results)),
        Section("", _lines(text.basis)),
    ]  # fmt: skip
    buttons = [voice.call("1441")]
    if page:
        buttons.append(Button(voice.say("bulletin_open"), ButtonKind.OPEN, page))
    buttons.append(voice.tap("bulletin_stop", "unsubscribe"))
    return Reply(
        title=text.title,
        summary=_summary(text),
        language=voice.language,
        tone=Tone.PLAIN if bulletin.kind is Kind.MONTHLY else Tone.CAUTION,
        sections=tuple(section for section in sections if section.lines),
        buttons=tuple(buttons),
    )


def _beware(each: Advice, bulletin: Bulletin, voice: Voice) -> str:
    # An alert names its trick in the title already.
    return voice.say("do_now") if bulletin.kind is Kind.ALERT else voice.say("bulletin_beware", title=each.title)


def _lines(text: str) -> tuple[Line, ...]:
    return tuple(line(each) for each in text.split("\n") if each.strip())


def _summary(text: BulletinText) -> str:
    """What a notification shows: the title, and what to beware of."""
    return " · ".join([text.title, *(each.title for each in text.warnings)])
