"""What is said between a conversation and the store about community hubs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class HubRole(StrEnum):
    MEMBER = "member"
    LEAD = "lead"  # may also give out codes


@dataclass(frozen=True)
class Hub:
    """A hub as its members and officials see it. `province` is an id of content/provinces.yaml; what was not said is ""."""

    id: int
    name: str
    place: str = ""
    province: str = ""
    hours: str = ""
    languages: str = ""
    escalation: str = ""


@dataclass(frozen=True)
class AtHub:
    """What the store knows of somebody who speaks of a hub.

    `mine` is the hub they belong to; `offered` the one that the code in hand opens, and `as_role` as what; `locked`: they typed
    too many wrong codes today. `week` counts what came in from their hub in seven days, by level. `page` is a signed,
    expiring address of the hub's page ("" where there is none).
    """

    mine: Hub | None = None
    role: HubRole = HubRole.MEMBER
    sheet: bool = True
    offered: Hub | None = None
    as_role: HubRole = HubRole.MEMBER
    locked: bool = False
    week: Mapping[str, int] = field(default_factory=dict)
    page: str = ""


@dataclass(frozen=True)
class Join:
    """Belong to the hub that this code opens; nothing where it opens none any more."""

    code: str


@dataclass(frozen=True)
class Leave:
    """Belong to no hub."""


@dataclass(frozen=True)
class WrongCode:
    """A code that opens nothing was typed."""


@dataclass(frozen=True)
class Sheet:
    """The weekly sheet, wanted or not."""

    on: bool


@dataclass(frozen=True)
class NewCode:
    """A code for another member, which the store fills into the reply as {hub_code}."""


@dataclass(frozen=True)
class OpenCases:
    """Make reports of the unknown messages of a table; {opened} in the reply is how many, {numbers} which."""

    table: int


HubAct = Join | Leave | WrongCode | Sheet | NewCode | OpenCases


@dataclass(frozen=True)
class Listed:
    """The messages of a file that a member sent. `refused`, `notes` and the keys of `left_out` name sentences; `since` is
    the day of the first message."""

    messages: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    since: date | None = None
    refused: str = ""
