"""The shapes of what we know. Strict and frozen: a misspelt key is a fault, not a silence."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Language(StrEnum):
    THAI = "th"
    ENGLISH = "en"


class ScamType(StrEnum):
    LOAN = "loan"
    PARCEL = "parcel"
    AUTHORITY_CALL = "authority_call"
    JOB_TASK = "job_task"
    INVESTMENT = "investment"
    ROMANCE = "romance"
    UTILITY_REFUND = "utility_refund"
    BANK_IMPERSONATION = "bank_impersonation"
    PRIZE_GIFT = "prize_gift"
    GAMBLING_SPAM = "gambling_spam"
    ACCOUNT_TAKEOVER = "account_takeover"
    SHOPPING = "shopping"
    TAX_LAND_GOV_APP = "tax_land_gov_app"
    FRIEND_IMPERSONATION = "friend_impersonation"
    SEXTORTION = "sextortion"
    CRYPTO = "crypto"
    QR = "qr"
    CHARITY = "charity"
    REMOTE_APP = "remote_app"
    MULE_ACCOUNT = "mule_account"
    ACCOMMODATION_TOUR = "accommodation_tour"
    TICKET = "ticket"
    RECOVERY = "recovery"
    FAKE_FINE = "fake_fine"
    PAGE_PHISHING = "page_phishing"
    OVERSEAS_JOB_TRAFFICKING = "overseas_job_trafficking"
    VIRTUAL_KIDNAP = "virtual_kidnap"
    DEEPFAKE_AD = "deepfake_ad"
    DEBT_GUARANTOR = "debt_guarantor"
    FAKE_SLIP = "fake_slip"
    OTHER = "other"


class State(StrEnum):
    DRAFT = "draft"
    LIVE = "live"
    PAUSED = "paused"
    EXPIRED = "expired"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Both(Strict):
    """One sentence in both languages."""

    th: Line
    en: Line

    def in_(self, language: Language) -> str:
        return self.th if language is Language.THAI else self.en


class BothLines(Strict):
    """Several lines in both languages; neither may be missing."""

    th: tuple[Line, ...] = Field(min_length=1)
    en: tuple[Line, ...] = Field(min_length=1)

    def in_(self, language: Language) -> tuple[str, ...]:
        return self.th if language is Language.THAI else self.en


class Source(Strict):
    """Where a fact comes from: what it is, where it stands, when it was written (year, year-month or a day)."""

    title: Line
    where: Line
    dated: Annotated[str, StringConstraints(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$|^undated$")]


class Phrases(Strict):
    """Whole sentences that mark an entry: what the scammer writes or says, and how a person tells of it."""

    scammer: BothLines
    victim: BothLines


class Entry(Strict):
    """One trick, in both languages, with what to do and where each fact comes from."""

    id: Slug
    type: ScamType
    state: State
    title: Both
    how_it_works: BothLines
    phrases: Phrases
    signs: tuple[Slug, ...] = Field(min_length=1)
    topics: BothLines
    do_now: BothLines
    if_paid: BothLines
    if_clicked: BothLines | None = None
    if_gave_code: BothLines | None = None
    check_yourself: BothLines
    call: tuple[Slug, ...] = Field(min_length=1)
    police_case: tuple[Annotated[int, Field(ge=0, le=15)], ...] = Field(min_length=1)
    sources: tuple[Source, ...] = Field(min_length=1)
    reviewed_on: date
    expires_on: date


class Family(StrEnum):
    CLAIMS = "claims"  # who it says it is
    ASKS = "asks"  # what it wants
    PRESSES = "presses"  # how it presses
    PAYS = "pays"  # what it promises, how money moves
    TRAVELS = "travels"  # how it reaches people
    TOLD = "told"  # how a person tells of it
    COUNTER = "counter"  # frames that damp: genuine notices, warnings, talk


class Weight(StrEnum):
    STRONG = "strong"
    MEDIUM = "medium"
    WEAK = "weak"


class Wordings(Strict):
    """Fragments in the wording language: `a|b ~ c|d ~~ e` (alternatives; a near gap; a far gap)."""

    th: tuple[Line, ...] = ()
    en: tuple[Line, ...] = ()


class Sign(Strict):
    """One idea that marks (or, in the family `counter`, damps) a scam, and the sentence said to the person about it."""

    id: Slug
    family: Family
    weight: Weight
    types: tuple[ScamType, ...] = ()
    tell: Both
    wordings: Wordings


class Organisation(Strict):
    """Who is really who. What is not `verified` never counts in favour of a message."""

    id: Slug
    kind: Slug
    name: Both
    nicknames: BothLines | None = None
    domains: tuple[str, ...] = ()
    link_domains: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    line_ids: tuple[str, ...] = ()
    policy: Both | None = None
    sources: tuple[Source, ...] = Field(min_length=1)
    verified: bool


class Hotline(Strict):
    """A number to call, as shown (`1441`), as dialled (`tel`), the key to press once connected, and what it is for.

    `number` and `dial` are empty for "your own bank": its number is the one on the person's card.
    """

    id: Slug
    number: str
    dial: Annotated[str, StringConstraints(pattern=r"^[0-9+*#]*$")]
    press: Annotated[str, StringConstraints(pattern=r"^[0-9*#]*$")] = ""
    name: Both
    purpose: Both
    always_open: bool = False
    bank: bool = False
    sources: tuple[Source, ...] = Field(min_length=1)
