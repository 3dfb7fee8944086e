"""What things are called on the pages of the desk: types, entries, provinces, platforms…"""

from __future__ import annotations

from dataclasses import dataclass

from bot.desk.labels import Labels
from content.knowledge import Knowledge
from content.models import Language
from scheduler.trends import Dimension


@dataclass(frozen=True)
class Names:
    """Names in one language. What has none (of an older knowledge) is called by its id; "" is "not said"."""

    knowledge: Knowledge
    labels: Labels
    language: Language

    def of(self, dimension: Dimension | str, key: str | None) -> str:
        """The name of one row of a table."""
        if not key:
            return self.label("name.no_hub" if dimension == Dimension.HUB else "name.unsaid")
        match Dimension(dimension):
            case Dimension.TYPE:
                return self.type(key)
            case Dimension.ENTRY:
                return self.entry(key)
            case Dimension.PROVINCE:
                return self.province(key)
            case Dimension.CAME_BY:
                return self._phrase(f"came_by_{key}", key)
            case Dimension.LOSS:
                return self._phrase(f"loss_{key}", key)
            case Dimension.PLATFORM | Dimension.LANGUAGE as named:
                return self.label(f"name.{named.value}.{key}", key)
            case Dimension.HUB:
                return key

    def type(self, key: str | None) -> str:
        """A type of scam, as citizens read it."""
        return self._phrase(f"bulletin_type_{key}", key) if key else self.label("name.unsaid")

    def entry(self, key: str | None) -> str:
        """The title of an entry; "" for none."""
        known = self.knowledge.entries.get(key or "")
        return known.title.in_(self.language) if known else key or ""

    def province(self, key: str) -> str:
        """A province."""
        known = self.knowledge.provinces.get(key)
        return known.name.in_(self.language) if known else key

    def organisation(self, key: str) -> str:
        """Whoever the directory knows by this id: an organisation or a hotline."""
        if known := self.knowledge.organisations.get(key):
            return known.name.in_(self.language)
        hotline = self.knowledge.hotlines.get(key)
        return hotline.name.in_(self.language) if hotline else key

    def finding(self, finding: str) -> str:
        """What the directory says of a link or number, in a sentence."""
        said, _, about = finding.partition(":")
        name = self.organisation(about) if said == "official" else about
        return self.label(f"finding.{said}", said or self.label("finding.unknown"), name=name)

    def label(self, key: str, otherwise: str = "", **values: str) -> str:
        """A label of the desk; `otherwise` where there is none."""
        return self.labels.say(key, self.language, **values) if key in self.labels else otherwise or key

    def _phrase(self, key: str, otherwise: str) -> str:
        found = self.knowledge.phrases.get(key)
        return found.in_(self.language) if found else otherwise
