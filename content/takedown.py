"""Who can take a scam down: what may be asked of a platform, a registrar, a telecom or a bank, and where they are reached."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from content.models import Both, Line, Slug, Source, Strict

# Kinds of `content.reported.Subject`.
Target = Literal["domain", "page", "line_id", "phone", "account", "promptpay", "wallet"]


class RecipientKind(StrEnum):
    """What kind of house a request goes to."""

    PLATFORM = "platform"
    REGISTRAR = "registrar"  # who registered a domain, or hosts its pages
    TELECOM = "telecom"
    BANK = "bank"


class Ask(StrEnum):
    """What may be asked of somebody. `Knowledge.takedown` says which of them of whom."""

    REMOVE = "remove"
    SUSPEND = "suspend"
    HOLD = "hold"
    PRESERVE = "preserve"
    TELL = "tell"


class Recipient(Strict):
    """One way to reach somebody, as its sources give it. Not `verified`: to be checked before it is used."""

    id: Slug
    name: Both
    address: Line
    note: Both | None = None
    sources: tuple[Source, ...] = Field(min_length=1)
    verified: bool


class RecipientsOfKind(Strict):
    """One kind of recipient. `takes` is what they can act on; the hours are after how long we ask again, no period of any
    law; `hotlines`: the banks' lines of hotlines.yaml belong here."""

    kind: RecipientKind
    name: Both
    hint: Both
    asks: tuple[Ask, ...] = Field(min_length=1)
    takes: tuple[Target, ...] = Field(min_length=1)
    acknowledge_hours: Annotated[int, Field(ge=1, le=1000)]
    finish_hours: Annotated[int, Field(ge=1, le=2000)]
    hotlines: bool = False
    recipients: tuple[Recipient, ...] = ()


class Takedown(Strict):
    """`content/takedown.yaml`."""

    asks: dict[Ask, Both]
    kinds: tuple[RecipientsOfKind, ...]

    def of(self, kind: RecipientKind) -> RecipientsOfKind:
        """What is known of one kind. Raises KeyError where nothing is."""
        for each in self.kinds:
            if each.kind is kind:
                return each
        raise KeyError(kind)


NO_TAKEDOWN = Takedown(asks={}, kinds=())
