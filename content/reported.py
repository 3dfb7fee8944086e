"""What people's reports may say about a number, account, LINE id or page: never that it is safe, never more than caution."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from content.cleaning import readable
from content.directory import Directory, registrable
from content.evidence import Found
from content.identifiers import LONGEST_KEPT, Identifier, Kind, find, host_of, named_in

# The most that reports can add to a verdict, in log-odds. It turns "we do not know" into a word of caution where little
# else is said; against everything else that a text shows it is one voice among many.
MOST_ADDED = 2.0
# What an official said outweighs what we make of the words.
CONFIRMED = 0.97
# A message that names more than this is a list; the first are looked up.
MOST_LOOKED_UP = 8


class Subject(NamedTuple):
    """What can be reported, in one form for all its spellings. `kind`: phone, account, promptpay, line_id, wallet, domain
    (the part of a host that somebody registered), page (one address on a host where anybody can make one)."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What reports say of a subject: `times` it was reported by `reporters` different people, last on `last_on`.

    `added` is what that is worth in log-odds (0: too little to move anything, at most MOST_ADDED); `confirmed`: an
    official found it in a scam, of which `entry` is the kind, if any. `more`: only the newest were counted.
    """

    subject: Subject
    times: int
    reporters: int
    last_on: date
    added: float = 0.0
    confirmed: bool = False
    entry: str | None = None
    more: bool = False


# Shorter ones are of agencies and companies.
_SHORTEST_NUMBER = 9
_SAME = {Kind.ACCOUNT: "account", Kind.LINE_ID: "line_id", Kind.WALLET: "wallet", Kind.PHONE: "phone"}


def subject_of(identifier: Identifier, finding: str) -> Subject | None:
    """The subject that an identifier names; None for what nobody can be blamed by (a sum, a code, an e-mail, a hotline).

    `finding` is what the directory says of it: it tells a page on a shared host from a domain.
    """
    kind, value = identifier.kind, identifier.value
    if kind is Kind.URL:
        return _of_link(value, finding)
    if kind is Kind.PROMPTPAY:
        # A telephone number is the same one whether one calls it or pays into it.
        return Subject("phone" if len(value) == 10 else "promptpay", value)
    if kind is Kind.PHONE and len(value) < _SHORTEST_NUMBER:
        return None
    return Subject(_SAME[kind], value) if kind in _SAME else None


def _of_link(link: str, finding: str) -> Subject | None:
    host = host_of(link)
    if finding not in ("shared_host", "shortener"):
        domain = host if finding == "raw_ip" else registrable(host)
        return Subject("domain", domain) if domain else None
    path = link.split("://", 1)[-1].partition("/")[2].partition("?")[0].partition("#")[0].strip("/")
    # The bare host belongs to everybody: nobody is named by it.
    return Subject("page", f"{host.removeprefix('www.')}/{path}") if path else None


def subjects(text: str, directory: Directory) -> tuple[Subject, ...]:
    """What a text names that reports could speak against, each once; nothing that stands in the directory."""
    if not may_name(text):
        return ()
    found: dict[Subject, None] = {}
    for each in named_in(text)[1] if len(text) <= LONGEST_KEPT else find(readable(text)):
        subject = subject_of(each, directory.judge_link(each.value) if each.kind is Kind.URL else "")
        if subject is not None and not directory.guards(*subject):
            found[subject] = None
    return tuple(found)[:MOST_LOOKED_UP]


def may_name(text: str) -> bool:
    """Whether it is worth looking: most messages hold neither a digit, nor a dot, nor the name of an account."""
    lower = text.lower()
    return any(letter in lower for letter in ".@") or any(map(str.isdigit, lower)) or "line" in lower or "ไลน" in lower


class Heard(NamedTuple):
    """A thing in the text, and what reports say of it that may count."""

    found: Found
    standing: Standing


def hear(found: Iterable[Found], reported: Iterable[Standing], directory: Directory) -> tuple[Heard, ...]:
    """What of `reported` speaks of things in the text and weighs enough to be said. Against an organisation of the
    directory nobody is heard, whatever was reported."""
    said = {each.subject: each for each in reported if each.confirmed or each.added > 0}
    heard: dict[Subject, Heard] = {}
    for each in found:
        subject = subject_of(each.identifier, each.finding)
        if subject in said and subject is not None and not directory.guards(*subject):
            heard.setdefault(subject, Heard(each, said[subject]))
    return tuple(heard.values())
