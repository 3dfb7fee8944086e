"""Who is answered first when many ask at once."""

from __future__ import annotations

from enum import IntEnum

from content.words import Words
from handlers import hub_bulk
from handlers.limits import in_need
from handlers.messages import Message


class Urgency(IntEnum):
    """The smaller, the sooner. Nobody is left out: what waits is answered when those before it are."""

    NEED = 0  # money is gone, or somebody may harm themselves
    ORDINARY = 1
    BULK = 2  # what a hub passes on in numbers


def urgency(message: Message, words: Words) -> Urgency:
    """How soon a message must be looked at. `BULK` is what would be so from a member of a hub: the store knows who is one."""
    if in_need(message, words):
        return Urgency.NEED
    return Urgency.BULK if hub_bulk.in_burst(message, words) else Urgency.ORDINARY


def ordinary(message: Message) -> Urgency:
    """For whoever puts a message in by hand."""
    return Urgency.ORDINARY
