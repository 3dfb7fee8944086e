"""Who works at the desk, and what each may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from content.models import Language


class Role(StrEnum):
    """Each may do all that those before it may."""

    READER = "reader"  # looks
    EDITOR = "editor"  # decides cases, drafts entries and bulletins, signs
    APPROVER = "approver"  # makes live what another has drafted; one of the two who sign
    ADMIN = "admin"  # officials, hubs, limits

    def may(self, needed: Role) -> bool:
        """Whether this role includes `needed`."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True)
class Official:
    """Somebody who signs in at the desk. `id` is the row, `name` is unique."""

    id: int
    name: str
    role: Role
    language: Language = Language.THAI
