"""What no single file can show: the faults between content files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from content import identifiers, signs
from content.cleaning import readable, skeleton
from content.directory import registrable
from content.identifiers import Kind, host_of
from content.models import BothLines, Entry, Family, State
from content.reading import Gathered


def check(gathered: Gathered) -> None:
    """Adds to `gathered.faults` everything that is wrong between the files."""
    _phrases(gathered)
    _references(gathered)
    _wordings(gathered)
    _unused_signs(gathered)
    _dates(gathered)
    _links(gathered)
    _placeholders(gathered)
    _scorecard(gathered)


def _phrases(gathered: Gathered) -> None:
    """No phrase belongs to two entries, and none is an honest message."""
    benign = dict(gathered.honest)
    owners: dict[str, str] = {}
    for entry in gathered.entries.values():
        for loc, text in _phrases_of(entry):
            bones = skeleton(text)
            other = owners.setdefault(bones, entry.id)
            if other != entry.id:
                gathered.fault_at(
                    "entry", entry.id, f"phrase also claimed by entry {other!r}: reword or remove one", *loc
                )
            if bones in benign:
                example = benign[bones]
                where = f"{example.path.name}:{example.line}"
                gathered.fault_at("entry", entry.id, f"phrase is an honest message in {where}: make it specific", *loc)


def _phrases_of(entry: Entry) -> Iterable[tuple[tuple[str | int, ...], str]]:
    for side, lines in (("scammer", entry.phrases.scammer), ("victim", entry.phrases.victim)):
        for language, some in (("th", lines.th), ("en", lines.en)):
            for index, text in enumerate(some):
                yield ("phrases", side, language, index), text


def _references(gathered: Gathered) -> None:
    for entry in gathered.entries.values():
        for index, sign in enumerate(entry.signs):
            if sign not in gathered.signs:
                gathered.fault_at(
                    "entry", entry.id, f"no sign {sign!r}: correct the id or write the sign", "signs", index
                )
        for index, hotline in enumerate(entry.call):
            if hotline not in gathered.hotlines:
                gathered.fault_at(
                    "entry", entry.id, f"no hotline {hotline!r}: use an id of hotlines.yaml", "call", index
                )


def _wordings(gathered: Gathered) -> None:
    for sign in gathered.signs.values():
        if not sign.wordings.th and not sign.wordings.en:
            gathered.fault_at("sign", sign.id, "no wordings: a sign without words is never found", "wordings")
        for language, lines in (("th", sign.wordings.th), ("en", sign.wordings.en)):
            if not lines:
                name = "Thai" if language == "th" else "English"
                gathered.fault_at("sign", sign.id, f"no {name} wording: write at least one", "wordings")
            for index, wording in enumerate(lines):
                for said in signs.faults_of(wording):
                    gathered.fault_at("sign", sign.id, said, "wordings", language, index)
    for entry in gathered.entries.values():
        for language, lines in (("th", entry.topics.th), ("en", entry.topics.en)):
            for index, wording in enumerate(lines):
                for said in signs.faults_of(wording):
                    gathered.fault_at("entry", entry.id, f"topic: {said}", "topics", language, index)


def _unused_signs(gathered: Gathered) -> None:
    """A counter-sign and a topic work by themselves; any other sign must mark an entry, a type or a score."""
    used = {sign for entry in gathered.entries.values() for sign in entry.signs}
    scored = set(gathered.scorecard.signs) if gathered.scorecard else set()
    for sign in gathered.signs.values():
        if sign.family is Family.COUNTER or sign.types or sign.id in used or sign.id in scored:
            continue
        gathered.fault_at(
            "sign", sign.id, "no entry names this sign, it marks no type and has no score: use it or remove it"
        )


def _dates(gathered: Gathered) -> None:
    for entry in gathered.entries.values():
        if entry.expires_on <= entry.reviewed_on:
            gathered.fault_at(
                "entry", entry.id, "expires before it was reviewed: correct one of the dates", "expires_on"
            )
        elif entry.state is State.LIVE and entry.expires_on <= gathered.day:
            gathered.fault_at(
                "entry", entry.id, f"expired on {entry.expires_on}: review it, or set state: expired", "expires_on"
            )


def _links(gathered: Gathered) -> None:
    """An address we tell people to use must be one that the directory vouches for."""
    vouched = {
        registrable(domain.lower())
        for each in gathered.organisations.values()
        if each.verified
        for domain in (*each.domains, *each.link_domains)
    }
    for entry in gathered.entries.values():
        for name in ("how_it_works", "do_now", "if_paid", "if_clicked", "if_gave_code", "check_yourself"):
            lines: BothLines | None = getattr(entry, name)
            for language, some in (("th", lines.th), ("en", lines.en)) if lines else ():
                for index, text in enumerate(some):
                    for host in _unvouched(text, vouched):
                        said = f"link to {host!r}, which the directory does not vouch for: add it there with a source"
                        gathered.fault_at("entry", entry.id, said, name, language, index)
    for key, both in gathered.phrases.items():
        for language, text in (("th", both.th), ("en", both.en)):
            for host in _unvouched(text, vouched):
                origin = gathered.origins["sentences", "phrases.yaml"]
                said = f"link to {host!r}, which the directory does not vouch for"
                gathered.fault(origin.path, origin.line(key, language), said)


def _unvouched(text: str, vouched: set[str]) -> Iterable[str]:
    for each in identifiers.find(readable(text)):
        if each.kind is Kind.URL:
            host = host_of(each.value)
            # Names under .example are reserved: they lead nowhere, and stand in samples only.
            if registrable(host) not in vouched and not host.endswith(".example"):
                yield host


_HOLE = re.compile(r"\{([a-z_]+)\}")


def _placeholders(gathered: Gathered) -> None:
    for name, sentences in (("phrases.yaml", gathered.phrases), ("reasons.yaml", gathered.tells)):
        for key, both in sentences.items():
            if set(_HOLE.findall(both.th)) != set(_HOLE.findall(both.en)):
                origin = gathered.origins["sentences", name]
                said = f"{key}: Thai and English have different {{placeholders}}: use the same in both"
                gathered.fault(origin.path, origin.line(key), said)


def _scorecard(gathered: Gathered) -> None:
    card = gathered.scorecard
    if card is None:
        return
    seen: set[str] = set()
    for index, line in enumerate(card.lines):
        if line.name in seen:
            gathered.fault_at("scorecard", "scorecard", f"line {line.name!r} stands twice: keep one", "lines", index)
        seen.add(line.name)
        if line.sign * line.weight < 0:
            said = (
                f"line {line.name!r} has a weight against its sign: it may only {'accuse' if line.sign > 0 else 'calm'}"
            )
            gathered.fault_at("scorecard", "scorecard", said, "lines", index)
    for sign in card.signs:
        if sign not in gathered.signs:
            gathered.fault_at(
                "scorecard", "scorecard", f"a weight for {sign!r}, which is no sign: remove it", "signs", sign
            )
    limits = [band.up_to for band in card.bands]
    if limits != sorted(set(limits)):
        gathered.fault_at("scorecard", "scorecard", "bands must go from short to long", "bands")
    for index, band in enumerate(card.bands):
        if not band.ask <= band.warn <= band.known:
            gathered.fault_at("scorecard", "scorecard", "a band needs ask ≤ warn ≤ known", "bands", index)
