"""Who is really who: what the directory says of a link, a number or a LINE id. It never says "safe"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from publicsuffixlist import PublicSuffixList

from content.identifiers import host_of
from content.models import Organisation

_ADDRESS = re.compile(r"\A(?:\d{1,3}\.){3}\d{1,3}\Z")

# Letters that pass for others in a host name; digits as in "k4sikorn", Cyrillic as in "kаsikorn".
_FOLD = str.maketrans(
    {"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "i": "l"}
    | dict(zip("аеорсухіјѕԁһӏԛԝвкмнт", "aeopcyxljsdhlqwbkmht", strict=True))
)

# Brand words shorter than this stand inside too many honest names ("ais" in "maison").
SHORTEST_BRAND = 4


@dataclass(frozen=True, slots=True)
class Hosts:
    """Shorteners and hosts where anybody can make a page (whole names), endings that honest Thai senders hardly use."""

    shorteners: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    odd_endings: frozenset[str] = frozenset()


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=True)


@lru_cache(maxsize=4096)
def registrable(host: str) -> str:
    """The part of a host name that somebody registered: `a.b.kbank.co.th` → `kbank.co.th`; "" for a bare ending."""
    return _suffixes().privatesuffix(host) or ""


@dataclass(frozen=True)
class Directory:
    """Judges identifiers by verified organisations only: unverified ones never count in favour."""

    hosts: Hosts
    official: Mapping[str, str] = field(default_factory=dict)  # domain → organisation id
    numbers: Mapping[str, str] = field(default_factory=dict)  # bare digits → organisation or hotline id
    line_ids: Mapping[str, str] = field(default_factory=dict)
    brands: Mapping[str, str] = field(default_factory=dict)  # brand word, folded → official domain
    long_brands: tuple[tuple[str, str], ...] = ()  # brand words that are telling even inside another name
    near_brands: tuple[str, ...] = ()  # brand words long enough for a slip of the pen to be told from another word
    written: tuple[tuple[str, str], ...] = ()  # official domain, and as imitators write it: `rd-go-th`
    known: frozenset[str] = frozenset()  # domains, numbers, LINE ids of unverified organisations: not ours to accuse
    taken: frozenset[str] = frozenset()  # what all organisations registered, and hosts that anybody can use

    def judge_link(self, link: str) -> str:
        """`official:ID`, `lookalike:DOMAIN`, `shortener`, `shared_host`, `raw_ip`, `punycode`, `odd_ending` or `unknown`."""
        host = host_of(link)
        if not host or _ADDRESS.match(host):
            return "raw_ip" if host else "unknown"
        domain = registrable(host)
        # First what anybody can use: a genuine company's open platform says nothing about who made the page.
        if _under(host, self.hosts.shorteners):
            return "shortener"
        if _under(host, self.hosts.shared):
            return "shared_host"
        owner = self._owner(host)
        if owner:
            return f"official:{owner}"
        if domain in self.known:
            return "unknown"
        imitated = self.imitated(host, domain)
        if imitated:
            return f"lookalike:{imitated}"
        if "xn--" in host or not host.isascii():
            return "punycode"
        if host.rpartition(".")[2] in self.hosts.odd_endings:
            return "odd_ending"
        return "unknown"

    def _owner(self, host: str) -> str:
        parts = host.split(".")
        for start in range(len(parts) - 1):
            owner = self.official.get(".".join(parts[start:]))
            if owner:
                return owner
        return ""

    def imitated(self, host: str, domain: str) -> str:
        """The official domain that a host name pretends to be; "" when none."""
        readable = _unpuny(host)
        folded = readable.translate(_FOLD)
        ending = host.rpartition(".")[2]
        # `.go.th` inside a longer name: rd.go.th.refund.top, rd-go-th.com
        for official, plain in self.written:
            if plain in readable or official in readable:
                return official
        if readable.endswith(_KEPT_ENDINGS):
            return ""
        joined = folded.replace("-", "")
        for target, official in self.long_brands:
            if target in joined:
                return official
        for piece in {piece for piece in re.split(r"[.-]", folded) if piece}:
            official = self._brand_of(piece)
            if official:
                return official
        if ending != "th" and re.search(r"(?:^|[.-])(?:go|or|ac)[.-]?th(?:[.-]|$)", readable.rpartition(".")[0]):
            return "go.th"
        return ""

    def _brand_of(self, piece: str) -> str:
        """One piece of a host name: a brand itself, a brand with more at its ends, or nearly a brand."""
        for length in range(SHORTEST_BRAND, len(piece) + 1):
            start, end = piece[:length], piece[-length:]
            rest = len(piece) - length
            if start in self.brands and (rest == 0 or length >= 5 or _is_bait(piece[length:])):
                return self.brands[start]
            if end in self.brands and length >= 5:
                return self.brands[end]
        return self._nearly(piece)

    def _nearly(self, piece: str) -> str:
        if len(piece) < 5:
            return ""
        from rapidfuzz import process
        from rapidfuzz.distance import DamerauLevenshtein

        nearest = process.extractOne(piece, self.near_brands, scorer=DamerauLevenshtein.distance, score_cutoff=2)
        if nearest is None:
            return ""
        target, distance = nearest[0], nearest[1]
        # Two slips in a long name, one in a middling one: "kasikombank", "lazadda".
        return self.brands[target] if distance <= (2 if len(target) >= 9 else 1) else ""

    def judge_number(self, digits: str) -> str:
        """`official:ID` for a verified number, `unknown` otherwise."""
        owner = self.numbers.get(digits)
        return f"official:{owner}" if owner else "unknown"

    def judge_line(self, name: str) -> str:
        """`official:ID` for a verified LINE id, `unknown` otherwise."""
        owner = self.line_ids.get(name.lower())
        return f"official:{owner}" if owner else "unknown"

    def guards(self, kind: str, value: str) -> bool:
        """Whether reports may not speak against it: it belongs to an organisation, verified or not, or to everybody.

        `kind` and `value` as in `content.reported.Subject`.
        """
        if kind == "domain":
            return value in self.taken or bool(self._owner(value))
        return value in self.numbers or value in self.line_ids or value in self.known


# Given only on papers that show who one is: an imitator takes another.
_KEPT_ENDINGS = (".co.th", ".go.th", ".or.th", ".ac.th", ".mi.th", ".net.th")

# What imitators hang on to a short brand name; folded as host names are (i → l, digits → letters).
_BAIT = frozenset(
    word.translate(_FOLD)
    for word in [
        "th",
        "thai",
        "thailand",
        "bank",
        "online",
        "secure",
        "login",
        "verify",
        "update",
        "app",
        "pay",
        "payment",
        "refund",
        "support",
        "help",
        "service",
        "services",
        "reward",
        "rewards",
        "point",
        "points",
        "gift",
        "bonus",
        "claim",
        "track",
        "tracking",
        "post",
        "express",
        "parcel",
        "center",
        "care",
        "club",
        "vip",
        "easy",
        "wallet",
        "loan",
        "money",
        "cash",
        "net",
        "web",
        "site",
        "official",
        "info",
        "alert",
        "card",
        "credit",
        "member",
    ]
)


def _is_bait(rest: str) -> bool:
    return rest in _BAIT or (len(rest) > 3 and any(rest.startswith(bait) for bait in _BAIT))


def _unpuny(host: str) -> str:
    labels = []
    for label in host.split("."):
        if label.startswith("xn--"):
            try:
                labels.append(label[4:].encode("ascii").decode("punycode"))
            except (UnicodeError, ValueError):
                labels.append(label)
        else:
            labels.append(label)
    return ".".join(labels)


def _under(host: str, names: frozenset[str]) -> bool:
    """Whether a host is one of `names` or below one (without its "www.")."""
    parts = host.split(".")
    return any(".".join(parts[start:]) in names for start in range(len(parts) - 1))


# First labels of domains that are ordinary words or too short to accuse anybody of imitating.
_COMMON = frozenset(
    [
        "line",
        "true",
        "google",
        "meta",
        "grab",
        "data",
        "info",
        "post",
        "track",
        "market",
        "reserve",
        "consular",
        "welfare",
        "labour",
        "customs",
        "treasury",
        "excise",
        "police",
        "agoda",
        "shop",
        "pay",
        "app",
        "web",
        "link",
        "www",
        "thai",
        "bank",
        "online",
        "immigration",
        "transport",
        "complaint",
        "kind",
        "express",
        "disaster",
        "booking",
        "ais",
        "dot",
        "tat",
        "set",
        "bts",
        "led",
        "dit",
        "boi",
        "moc",
        "moj",
        "moi",
        "mot",
        "mof",
        "mea",
        "pea",
        "mwa",
        "pwa",
        "sec",
        "tba",
        "oic",
        "ect",
        "nso",
        "rd",
        "pcc",
        "led",
    ]
)


def build(organisations: Iterable[Organisation], hosts: Hosts, hotlines: Mapping[str, str]) -> Directory:
    """The directory of `organisations`; `hotlines` maps bare digits to hotline ids."""
    official: dict[str, str] = {}
    numbers: dict[str, str] = dict(hotlines)
    line_ids: dict[str, str] = {}
    brands: dict[str, str] = {}
    known: set[str] = set()
    for each in organisations:
        if not each.verified:
            known.update(name.lower() for name in (*each.domains, *each.link_domains, *each.line_ids))
            known.update("".join(letter for letter in number if letter.isdigit()) for number in each.numbers)
            continue
        for domain in (*each.domains, *each.link_domains):
            official.setdefault(domain.lower(), each.id)
        for number in each.numbers:
            numbers.setdefault("".join(letter for letter in number if letter.isdigit()), each.id)
        for name in each.line_ids:
            line_ids.setdefault(name.lower(), each.id)
        for domain in each.domains:
            for brand in _brand_words(each, domain):
                brands.setdefault(brand, domain)
    brands = {brand.translate(_FOLD): domain for brand, domain in brands.items()}
    long_brands = tuple((brand, domain) for brand, domain in brands.items() if len(brand) >= 6)
    near_brands = tuple(brand for brand in brands if len(brand) >= 6)
    written = tuple((domain, domain.replace(".", "-")) for domain in official if len(domain) >= 7)
    taken = {registrable(name) or name for name in (*official, *known)} | hosts.shared | hosts.shorteners
    return Directory(
        hosts,
        official,
        numbers,
        line_ids,
        brands,
        long_brands,
        near_brands,
        written,
        frozenset(known),
        frozenset(taken),
    )


def _brand_words(organisation: Organisation, domain: str) -> set[str]:
    label = domain.lower().split(".")[0] if "." in domain else ""
    words = {label} if len(label) >= SHORTEST_BRAND and label not in _COMMON else set()
    names = organisation.nicknames.en if organisation.nicknames else ()
    for name in (*names, organisation.name.en):
        plain = re.sub(r"[^a-z0-9]", "", name.lower())
        if SHORTEST_BRAND <= len(plain) <= 20 and plain not in _COMMON:
            words.add(plain)
    return words
