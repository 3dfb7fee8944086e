"""What no single file can show: the faults between content files."""

from __future__ import annotations

import re
from collections.abc import Iterable

from content import identifiers, signs
from content.cleaning import readable, skeleton
from content.directory import registrable
from content.identifiers import Kind, host_of
from content.lanes import OWN
from content.models import Both, BothLines, Entry, Family, Organisation, Sign, State
from content.reading import Gathered
from content.words import bare


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
    _provinces(gathered)
    _emergency(gathered)
    _organisations(gathered)
    _promises(gathered)


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


def _provinces(gathered: Gathered) -> None:
    """No name means two provinces."""
    owners: dict[str, str] = {}
    for each in gathered.provinces.values():
        for name in (each.id, each.name.th, each.name.en, *each.also):
            other = owners.setdefault(bare(name), each.id)
            if other != each.id:
                gathered.fault_at("province", each.id, f"{name!r} is also a name of {other!r}: remove one", "also")


def _emergency(gathered: Gathered) -> None:
    """Every step, call, bank and source that is named is there, and every step is of some use."""
    emergency = gathered.emergency
    if emergency is None:
        return

    def fault(said: str, *loc: str | int) -> None:
        gathered.fault_at("emergency", "emergency", said, *loc)

    used = {step for lane in emergency.cases for step in (*lane.steps, *lane.late)}
    for index, lane in enumerate(emergency.cases):
        for step in sorted({*lane.steps, *lane.late} - set(emergency.by_step)):
            fault(f"case {lane.id!r}: no step {step!r}: write it or correct the id", "cases", index)
        if lane.late and set(lane.late) != set(lane.steps):
            fault(
                f"case {lane.id!r}: `late` has other steps than `steps`: the same ones in another order", "cases", index
            )
    for index, bank in enumerate(emergency.banks):
        if bank.hotline not in gathered.hotlines:
            fault(f"no hotline {bank.hotline!r}: use an id of hotlines.yaml", "banks", index)
    for index, one in enumerate(emergency.steps):
        if one.id not in used:
            fault(f"no case has the step {one.id!r}: use it or remove it", "steps", index)
        for call in (each for each in one.calls if each != OWN and each not in gathered.hotlines):
            fault(f"step {one.id!r}: no hotline {call!r}: use an id of hotlines.yaml", "steps", index)
        for source in (each for each in one.sources if each not in emergency.sources):
            fault(f"step {one.id!r}: no source {source!r}: add it under `sources`", "steps", index)
        for lead in (each for each in one.leads if each not in emergency.lanes):
            fault(f"step {one.id!r}: no case {lead!r}", "steps", index)


_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}", re.ASCII)


def _organisations(gathered: Gathered) -> None:
    """An address vouches for its owner alone: it is a whole name, has one owner, and nobody else can make pages there."""
    anybody = {name.lower() for name in gathered.hosts.shorteners}
    owners: dict[str, str] = {}
    for each in gathered.organisations.values():
        for name in ("domains", "link_domains"):
            for index, domain in enumerate(getattr(each, name)):
                said = _unfit(domain, each.verified, anybody)
                other = owners.setdefault(domain.lower(), each.id)
                if not said and other != each.id:
                    said = f"{domain!r} already belongs to organisation {other!r}: remove one"
                if said:
                    gathered.fault_at("organisation", each.id, said, name, index)
        for index, number in enumerate(each.numbers):
            if not 3 <= sum(letter.isdigit() for letter in number) <= 15:
                said = f"{number!r} is no telephone number: write it as it is dialled"
                gathered.fault_at("organisation", each.id, said, "numbers", index)


def _unfit(domain: str, verified: bool, anybody: set[str]) -> str:
    """What is wrong with an address as a sign of its owner; "" where nothing is."""
    if not _DOMAIN.fullmatch(domain.lower()):
        return f"{domain!r} is no domain name: write it as kbank.example, without https:// and without a path"
    if verified and not registrable(domain.lower()):
        return f"{domain!r} is an ending that anybody can register below: write the whole name"
    if verified and domain.lower() in anybody:
        return f"{domain!r} makes short links for anybody: it cannot speak for one organisation"
    return ""


_PROMISE = re.compile(r"ปลอดภัย|\bsafe(?:ly)?\b", re.IGNORECASE)
# The scammer's own words, quoted so that people know them: "move it to a safe account".
_QUOTED = re.compile(r"บัญชีปลอดภัย|safe[” \"]{1,2} ?account", re.IGNORECASE)
_TOLD = ("title", "how_it_works", "do_now", "if_paid", "if_clicked", "if_gave_code", "check_yourself", "policy", "tell")


def _promises(gathered: Gathered) -> None:
    """Nobody is ever told that something is safe."""
    for kind, known in (
        ("entry", gathered.entries),
        ("organisation", gathered.organisations),
        ("sign", gathered.signs),
    ):
        for each in known.values():
            for loc, text in _told(each):
                if _PROMISE.search(_QUOTED.sub("", text)):
                    said = "says that something is safe: say what to do or how to check instead"
                    gathered.fault_at(kind, each.id, said, *loc)


def _told(each: Entry | Organisation | Sign) -> Iterable[tuple[tuple[str | int, ...], str]]:
    """What people are told of it, sentence by sentence, and where each stands."""
    for name in _TOLD:
        said: Both | BothLines | None = getattr(each, name, None)
        for language in ("th", "en") if said else ():
            some: str | tuple[str, ...] = getattr(said, language)
            if isinstance(some, str):
                yield (name, language), some
            else:
                yield from (((name, language, index), text) for index, text in enumerate(some))
