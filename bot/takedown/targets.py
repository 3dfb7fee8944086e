"""What an official types or a report says → the things that may be taken down, in the form in which reports know them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from content.directory import Directory, registrable
from content.identifiers import Identifier, Kind, host_of, plain_link
from content.reported import Subject, subject_of
from handlers.named import named_in

# A request about more things than this is several requests.
MOST_TARGETS = 20
LONGEST_LINE = 300
_LINE_ID = re.compile(r"@?[a-z0-9][a-z0-9._-]{2,29}")
_WALLET = re.compile(r"[A-Za-z0-9]{25,62}")


def written_in(texts: Iterable[str], directory: Directory) -> tuple[Subject, ...]:
    """Everything that masked texts still name and the directory does not guard, each once."""
    found = (each for text in texts for each in named_in(text, directory))
    return tuple(dict.fromkeys(Subject(each.kind, each.value) for each in found if not each.guarded))


def readings(line: str, directory: Directory) -> tuple[Subject, ...]:
    """All that one typed line may mean: a row of ten digits may be a telephone or an account. Reports decide which it is."""
    plain = plain_link(line.strip()[:LONGEST_LINE])
    found = [Subject(each.kind, each.value) for each in named_in(plain, directory)]
    return tuple(dict.fromkeys([*found, *_numbers(plain), *_names(plain), *_addresses(plain, directory)]))


def _numbers(plain: str) -> Sequence[Subject]:
    if not re.fullmatch(r"[+\d][\d ().-]{7,24}", plain):
        return ()
    digits = re.sub(r"\D", "", plain)
    local = "0" + digits[2:] if digits.startswith("66") and len(digits) in (10, 11) else digits
    foreign = [Subject("phone", "+" + digits)] if plain.startswith("+") else []
    return [Subject("phone", local), *foreign, Subject("account", digits), Subject("promptpay", digits)]


def _names(plain: str) -> Sequence[Subject]:
    lower = plain.lower()
    found = [Subject("wallet", plain)] if _WALLET.fullmatch(plain) else []
    if _LINE_ID.fullmatch(lower):
        bare = lower.removeprefix("@")
        found += [Subject("line_id", lower), Subject("line_id", bare), Subject("line_id", "@" + bare)]
    return found


def _addresses(plain: str, directory: Directory) -> Sequence[Subject]:
    host = host_of(plain)
    if "." not in host or " " in plain:
        return ()
    link = Identifier(Kind.URL, plain, 0, len(plain))
    subject = subject_of(link, directory.judge_link(plain))
    domain = Subject("domain", registrable(host) or host)
    return [subject, domain] if subject else [domain]
