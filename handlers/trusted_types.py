"""What a link between an older person and the one relative they trust is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# Long enough to be read out over the telephone the next day, too short to be found lying about.
CODE_STAYS = timedelta(hours=24)
# Who has not said yes to the relative by then meant no.
ASKING_STAYS = timedelta(days=7)
# Wrong codes of one person in so long a time; then no more are looked at.
MOST_WRONG = 5
WRONG_STAYS = timedelta(hours=24)


class Kin(StrEnum):
    """What the older person is to the relative, so that an alert can say who it is about without a name."""

    MOTHER = "mother"
    FATHER = "father"
    GRANDMOTHER = "grandmother"
    GRANDFATHER = "grandfather"
    SPOUSE = "spouse"
    FAMILY = "family"
    FRIEND = "friend"


@dataclass(frozen=True)
class Link:
    """A link as one of its two sides sees it. `mine`: it is the older person who looks. Until `agreed` it is a question
    to them; `words`: alerts may quote what was asked."""

    id: int
    kin: Kin
    mine: bool
    agreed: bool
    words: bool = False


class Typed(StrEnum):
    """What a typed code turned out to be."""

    OPEN = "open"  # of somebody who waits for their relative
    OWN = "own"  # one's own: it is for the other
    WRONG = "wrong"  # nobody's, too old or used
    TOO_MANY = "too_many"  # too many wrong ones: not looked at


@dataclass(frozen=True)
class Known:
    """All that is known of one person's links. `claimed`: they typed somebody's code and have not said yet who that is."""

    links: tuple[Link, ...] = ()
    claimed: bool = False
    typed: Typed | None = None

    @property
    def own(self) -> Link | None:
        """The link with the one whom this person trusts."""
        return next((each for each in self.links if each.mine), None)


NOBODY = Known()


# --- what a turn changes ------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class NewCode:
    """A code for the one who asks; the store fills it into the reply as `{trusted_code}`. An older one is dead."""


@dataclass(frozen=True)
class Claimed:
    """An open code was typed: nobody else can use it now."""

    code: str


@dataclass(frozen=True)
class WrongCode:
    """Counted, so that nobody finds one by trying."""


@dataclass(frozen=True)
class Released:
    """The claim on a code is given up: it was not meant for them."""


@dataclass(frozen=True)
class Joined:
    """The relative said who the other is to them: now that one is asked."""

    kin: Kin


@dataclass(frozen=True)
class Agreed:
    """The older person said yes (or no) to the relative of a link."""

    link: int
    yes: bool = True


@dataclass(frozen=True)
class Words:
    """Whether alerts may quote what was asked."""

    shown: bool


@dataclass(frozen=True)
class Ended:
    """These links are over; the other side is told."""

    links: tuple[int, ...]


class AlertKind(StrEnum):
    SCAM = "scam"  # they asked about a known scam
    PAID = "paid"  # they said that something has happened already


@dataclass(frozen=True)
class Alert:
    """The relative is told. `quote`: what was asked, masked, where that is allowed; "" otherwise."""

    link: int
    kind: AlertKind
    quote: str = ""


Act = NewCode | Claimed | WrongCode | Released | Joined | Agreed | Words | Ended | Alert


@dataclass(frozen=True)
class Watch:
    """The relative who may be told now: `kinds` is what about, as far as they have not heard too much of it today."""

    link: int
    words: bool
    kinds: frozenset[AlertKind]


class NewsKind(StrEnum):
    """What the other side of a link is told."""

    ASKED = "asked"  # to the older person: is this yours?
    AGREED = "agreed"
    REFUSED = "refused"
    ENDED = "ended"
    LOST = "lost"  # to the older person: the relative cannot be reached any more
    SCAM = "scam"
    PAID = "paid"


@dataclass(frozen=True)
class Told:
    """One letter to the other side."""

    kind: NewsKind
    kin: Kin
    link: int = 0
    quote: str = ""
