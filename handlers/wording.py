"""A verdict or a step of a dialogue → Reply, from content's phrases, in one language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from content.cleaning import cut
from content.loading import Knowledge
from content.models import Entry, Hotline, Language
from content.verdict import Level, Reason, ReasonKind, Verdict
from handlers.messages import Button, ButtonKind, Line, Reply, Section, Span, Tone, line, plain

# A quote is a reminder of the person's own words, not the message again.
LONGEST_QUOTE = 60
POLICE_ONLINE = "https://www.thaipoliceonline.go.th"


@dataclass(frozen=True)
class Voice:
    """Speaks content's phrases in one language."""

    knowledge: Knowledge
    language: Language

    def say(self, key: str, /, **values: str) -> str:
        return self.knowledge.phrases[key].in_(self.language).format_map(values) if values else self._raw(key)

    def lines(self, key: str, /, **values: str) -> tuple[Line, ...]:
        return tuple(line(each) for each in self.say(key, **values).split("\n") if each.strip())

    def _raw(self, key: str) -> str:
        return self.knowledge.phrases[key].in_(self.language)

    # --- buttons --------------------------------------------------------------------------------------------------
    def tap(self, key: str, data: str) -> Button:
        return Button(self.say(key), ButtonKind.TAP, data)

    def call(self, number: str) -> Button:
        return Button(self.say(f"button_call_{number}"), ButtonKind.CALL, number)

    def police_online(self) -> Button:
        return Button(self.say("button_police_online"), ButtonKind.OPEN, POLICE_ONLINE)

    # --- whole replies --------------------------------------------------------------------------------------------
    def short(
        self,
        title: str,
        body: str = "",
        /,
        *,
        tone: Tone = Tone.PLAIN,
        buttons: tuple[Button, ...] = (),
        quick: tuple[Button, ...] = (),
        steps: bool = False,
        **values: str,
    ) -> Reply:
        """A reply of one heading and one block of lines, both named by their phrase keys."""
        heading = self.say(title, **values)
        lines = self.lines(body, **values) if body else ()
        return Reply(
            title=heading,
            summary=" ".join([heading, *(plain(each) for each in lines)]),
            language=self.language,
            tone=tone,
            sections=(Section("", lines, steps=steps),) if lines else (),
            buttons=buttons,
            quick=quick,
        )


TONES = {
    Level.KNOWN_SCAM: Tone.ALARM,
    Level.WARNING_SIGNS: Tone.CAUTION,
    Level.NOT_KNOWN: Tone.CALM,
    Level.NOT_A_CHECK: Tone.PLAIN,
}


def explain(verdict: Verdict, voice: Voice) -> Reply:
    """What it looks like · why, in the person's own words · what to do now · whom to call · the one question.

    What to do stands before how the trick works: on a small phone it must be on the first screen.
    """
    entry = named(verdict, voice.knowledge)
    title = verdict_title(verdict, voice)
    sections = [
        *_first_aid(verdict, voice),
        *_opening(verdict, entry, voice),
        *_reasons(verdict, voice),
        *_steps(verdict, entry, voice),
        *_background(verdict, entry, voice),
    ]
    question, taps = _question(verdict, voice)
    if question:
        sections.append(question)
    return Reply(
        title=title,
        summary=_summary(title, sections),
        language=voice.language,
        tone=TONES[verdict.level],
        sections=tuple(sections),
        buttons=(*taps, *calls(verdict, voice)),
        quick=after_a_verdict(verdict, voice),
    )


def named(verdict: Verdict, knowledge: Knowledge) -> Entry | None:
    return knowledge.entries.get(verdict.entry or "")


def verdict_title(verdict: Verdict, voice: Voice) -> str:
    entry = named(verdict, voice.knowledge)
    if verdict.level is Level.KNOWN_SCAM and entry:
        return voice.say("known_scam_title", title=entry.title.in_(voice.language))
    if verdict.level is Level.KNOWN_SCAM:
        return voice.say("known_scam_title_unnamed")
    if verdict.level is Level.NOT_KNOWN and verdict.question:
        return voice.say("unsure_title")
    if verdict.level is Level.NOT_A_CHECK:
        return voice.say("bulk_not_a_check")
    return voice.say(f"{verdict.level.value}_title")


# Signs that the person tells of money already sent. They stand in a few honest texts and in some scams as well, so the
# steps are offered before everything else, and nothing is taken away.
MONEY_LEFT = frozenset({"told-already-paid", "told-got-scammed"})


def _first_aid(verdict: Verdict, voice: Voice) -> list[Section]:
    """Who has already paid gets the emergency steps first, also when we cannot tell yet what it was."""
    worried = verdict.level is not Level.NOT_KNOWN or verdict.question
    if verdict.frame or not worried or not MONEY_LEFT & set(verdict.signs):
        return []
    return [Section(voice.say("money_left"), voice.lines("paid_transfer")[:3], steps=True)]


def _opening(verdict: Verdict, entry: Entry | None, voice: Voice) -> list[Section]:
    """The lines right under the head: what it may be, or that not knowing is no relief."""
    if verdict.frame == "scam-warning":
        about = entry.title.in_(voice.language) if entry else ""
        key = "warning_frame" if about else "warning_frame_unnamed"
        return [Section("", voice.lines(key, title=about))]
    if verdict.level is Level.WARNING_SIGNS and entry:
        return [Section("", voice.lines("warning_signs_like", title=entry.title.in_(voice.language)))]
    if verdict.level is Level.NOT_KNOWN:
        return [Section("", voice.lines("unsure" if verdict.question else "not_known"))]
    return []


# More reasons than this are not read on a small phone.
MOST_REASONS = 3


def _reasons(verdict: Verdict, voice: Voice) -> list[Section]:
    shown = [r for r in verdict.reasons if _worth_showing(r, verdict)][:MOST_REASONS]
    if not shown:
        return []
    return [Section(voice.say("why"), tuple(_reason(each, voice) for each in shown))]


def _worth_showing(reason: Reason, verdict: Verdict) -> bool:
    """A counter-sign is no reason for an alarm; and under "not known" only what was found about an identifier."""
    if verdict.level is Level.NOT_KNOWN:
        return reason.kind in (ReasonKind.IDENTIFIER, ReasonKind.COUNTER)
    return reason.kind is not ReasonKind.COUNTER


def _reason(reason: Reason, voice: Voice) -> Line:
    tell = Span("• " + reason.tell.in_(voice.language))
    quote = reason.quote.strip()
    if not quote:
        return (tell,)
    shown = voice.say("seen_quote").replace("{quote}", defang(shortened(quote, LONGEST_QUOTE)))
    return (tell, Span(" "), Span(shown, bold=True))


def shortened(text: str, longest: int) -> str:
    """The text on one line; a long one ends at a blank, where there is one near, and says so with "…"."""
    whole = " ".join(text.split())
    if len(whole) <= longest:
        return whole
    start = cut(whole, longest)
    head, _, tail = start.rpartition(" ")
    return (head if head and len(tail) < longest // 2 else start) + "…"


def _steps(verdict: Verdict, entry: Entry | None, voice: Voice) -> list[Section]:
    language = voice.language
    if verdict.frame == "scam-warning" and verdict.level is Level.NOT_KNOWN:
        return [Section(voice.say("do_now"), voice.lines("do_now_general"), steps=True)]
    if verdict.level is Level.NOT_KNOWN:
        return []
    if not entry:
        return [Section(voice.say("do_now"), voice.lines("do_now_general"), steps=True)]
    return [
        Section(voice.say("do_now"), tuple(line(e) for e in entry.do_now.in_(language)), steps=True),
        Section(voice.say("call"), tuple(_hotlines(entry, voice))),
    ]


def _background(verdict: Verdict, entry: Entry | None, voice: Voice) -> list[Section]:
    """For whoever reads on: how the trick works and how to see for oneself."""
    if not entry or verdict.level not in (Level.KNOWN_SCAM, Level.WARNING_SIGNS):
        return []
    check = Section(voice.say("check_yourself"), tuple(line(e) for e in entry.check_yourself.in_(voice.language)[:2]))
    if verdict.level is Level.WARNING_SIGNS:
        return [check]
    works = tuple(line(e) for e in entry.how_it_works.in_(voice.language)[:3])
    return [check, Section(voice.say("how_it_works"), works)]


def _hotlines(entry: Entry, voice: Voice) -> list[Line]:
    known = [voice.knowledge.hotlines[each] for each in entry.call if each in voice.knowledge.hotlines]
    return [hotline(each, voice) for each in known[:3]]


def hotline(number: Hotline, voice: Voice) -> Line:
    """One line: the number, the key to press, whose it is."""
    name = number.name.in_(voice.language)
    if not number.number:
        return (Span(name),)
    key = "call_line_press" if number.press else "call_line"
    return line(voice.say(key, number=number.number, press=number.press, name=name))


WHAT_IT_WANTS = ("transfer", "code", "link", "line", "nothing")


def _question(verdict: Verdict, voice: Voice) -> tuple[Section | None, tuple[Button, ...]]:
    if verdict.question == "what-it-wants":
        taps = tuple(voice.tap(f"tap_{each}", f"q:{verdict.id}:{each}") for each in WHAT_IT_WANTS)
        return Section(voice.say("question_title"), voice.lines("question_what")), taps
    if verdict.question == "which-one":
        entries = [voice.knowledge.entries[c.entry] for c in verdict.candidates if c.entry in voice.knowledge.entries]
        choices = tuple(
            Button(e.title.in_(voice.language), ButtonKind.TAP, f"q:{verdict.id}:{e.id}") for e in entries[:3]
        )
        taps = (*choices, voice.tap("tap_none", f"q:{verdict.id}:none"))
        return Section(voice.say("question_title"), voice.lines("question_which")), taps
    return None, ()


def calls(verdict: Verdict, voice: Voice) -> tuple[Button, ...]:
    if verdict.level in (Level.KNOWN_SCAM, Level.WARNING_SIGNS):
        return (voice.call("1441"), voice.police_online())
    return (voice.call("1441"),)


def after_a_verdict(verdict: Verdict, voice: Voice) -> tuple[Button, ...]:
    # Who has just met a scam sees best what somebody to look out with is good for.
    trusted = (voice.tap("button_trusted", "trusted"),) if verdict.level is Level.KNOWN_SCAM else ()
    return (
        voice.tap("button_report", f"report:{verdict.id}"),
        voice.tap("button_paid", "paid"),
        *was_it_useful(verdict.id, voice),
        voice.tap("button_share", f"share:{verdict.id}:{verdict.entry or ''}"[:60]),
        *trusted,
    )


def was_it_useful(answer: str, voice: Voice) -> tuple[Button, Button]:
    """The two buttons that stand under every answer to one person; `answer` names it in what is counted."""
    return (
        voice.tap("button_useful", f"useful:{answer}:yes"),
        voice.tap("button_not_useful", f"useful:{answer}:no"),
    )


def menu_buttons(voice: Voice) -> tuple[Button, ...]:
    return (
        voice.tap("sample_button", "sample"),
        voice.tap("button_paid", "paid"),
        voice.tap("button_report_menu", "report"),
        voice.tap("button_status", "status"),
        voice.tap("button_language", "language"),
    )


# What stands in a notification: enough to be warned by, short enough to be read.
LONGEST_SUMMARY = 300


def _summary(title: str, sections: list[Section]) -> str:
    told = [title]
    for section in sections:
        if section.steps:
            told += [plain(each) for each in section.lines[:2]]
    return cut(" · ".join(told), LONGEST_SUMMARY)


_LINKISH_DOT = re.compile(r"(?<=[\w\u0e00-\u0e7f])\.(?=[a-z]{2,}|[\u0e00-\u0e7f]{2,}|\d+\.)", re.IGNORECASE)
_SCHEME = re.compile(r"\bhttp", re.IGNORECASE)


def defang(text: str) -> str:
    """The text with its links readable but no longer tappable (`hxxp`, `[.]`)."""
    return _LINKISH_DOT.sub("[.]", _SCHEME.sub("hxxp", text))
