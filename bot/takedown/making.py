"""From the number of a request to its package: looked up, gathered, drawn."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.store.casebook import CaseBook, NoSuchCase
from bot.store.foundation import Foundation
from bot.store.takedowns import Takedowns
from bot.takedown import package
from bot.takedown.facts import Facts, Office
from bot.takedown.gathering import Gathering
from content.knowledge import Knowledge


@dataclass(frozen=True)
class Maker:
    """Makes packages over one database."""

    foundation: Foundation
    knowledge: Knowledge
    office: Office

    async def facts(self, id: int) -> Facts:
        """What the package of a request says as things stand now. Raises NoSuchRequest, NoSuchCase."""
        requests = Takedowns(self.foundation)
        request = await requests.get(id)  # nosec B113  # the book of requests, no network
        case = await CaseBook(self.foundation).case(request.case)
        if case is None:
            raise NoSuchCase(f"there is no case {request.case}")
        named = await requests.named(request.case, [each.subject for each in request.targets if each.value])
        counted = await requests.counted(request.case)
        zone: ZoneInfo = self.foundation.timezone
        return Gathering(self.knowledge, zone, self.office).facts(request, case, named, counted)

    async def order(self, id: int) -> package.Order:
        """What is to be drawn. Raises as `facts` does."""
        return package.order(await self.facts(id))
