"""The warnings for readers: one page, a JSON Feed 1.1 and an Atom feed, in Thai and English. Only what everybody may know."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedgen.feed import FeedGenerator

from bot.bulletin_pages import Issue
from bot.desk.formats import day, defang
from bot.feeds.campaigns import Publisher, Reach, Renewed, Warned, Warnings
from content.models import Entry, Language
from handlers.wording import Voice

VERSION = "https://jsonfeed.org/version/1.1"
MOST_STEPS = 3


@dataclass(frozen=True)
class Item:
    """One warning as people read it. `anchor` is its place on the page; `revoked`: it was taken back. Links are written so that
    nobody can tap them."""

    anchor: str
    kind: str  # campaign, alert, entry
    title: str
    lines: tuple[str, ...]
    tags: tuple[str, ...]
    published: datetime
    changed: datetime
    url: str
    revoked: bool = False
    more: tuple[tuple[str, Any], ...] = ()


def items(warnings: Warnings, publisher: Publisher, language: Language) -> tuple[Item, ...]:
    """Everything public, what changed last first."""
    told = _Teller(warnings, publisher, Voice(warnings.knowledge, language))
    found = [
        *(told.campaign(each) for each in warnings.reached(Reach.PUBLIC) if each.campaign.revoked or not each.over),
        *(told.alert(each) for each in warnings.alerts),
        *(told.renewed(each) for each in warnings.renewed),
    ]
    return tuple(sorted(found, key=lambda each: (each.changed, each.anchor), reverse=True))


@dataclass(frozen=True)
class _Teller:
    warnings: Warnings
    publisher: Publisher
    voice: Voice

    def campaign(self, warned: Warned) -> Item:
        campaign, say = warned.campaign, self.voice.say
        title = self.warnings.title(campaign, self.voice.language)
        anchor = f"campaign-{campaign.uuid}"
        lines = [say("warnings_revoked_text")] if campaign.revoked else self._of_campaign(warned)
        return Item(
            anchor=anchor,
            kind="campaign",
            title=say("warnings_revoked", title=title) if campaign.revoked else title,
            lines=tuple(lines),
            tags=tuple(filter(None, (campaign.type, campaign.entry))),
            published=campaign.confirmed_at or campaign.proposed_at,
            changed=campaign.changed_at,
            url=self._page(anchor),
            revoked=campaign.revoked,
            more=(
                ("marking", f"TLP:{campaign.marking.upper()}"),
                ("valid_until", _stamp(campaign.valid_until)),
                ("reports", warned.count),
                ("first_on", campaign.first_on.isoformat()),
                ("last_on", campaign.last_on.isoformat()),
                ("came_by", list(campaign.came_by)),
            ),
        )

    def _of_campaign(self, warned: Warned) -> list[str]:
        campaign, say, language = warned.campaign, self.voice.say, self.voice.language
        last = day(campaign.last_on, language, self.publisher.zone)
        lines = [say("warnings_seen", last=last)]
        if campaign.came_by:
            lines.append(
                say("warnings_came_by", how=", ".join(self.warnings.channel(e, language) for e in campaign.came_by))
            )
        shown = [defang(each.subject.value) for each in warned.used if each.withdrawn is None]
        if shown:
            lines.append(say("warnings_uses", what=", ".join(shown)))
        entry = self.warnings.knowledge.entries.get(campaign.entry or "")
        return lines + (self._steps(entry) if entry else [])

    def alert(self, issue: Issue) -> Item:
        text = issue.shown.text(self.voice.language)
        lines = [text.intro, *(step for each in text.warnings for step in each.do_now)]
        return Item(
            anchor=issue.address,
            kind="alert",
            title=_plain(text.title),
            lines=tuple(_plain(line) for each in lines for line in each.split("\n") if line.strip()),
            tags=tuple(each.entry for each in text.warnings),
            published=issue.first.started_at or issue.first.made_at,
            changed=issue.shown.started_at or issue.shown.made_at,
            url=f"{self.publisher.url}/bulletins/{issue.address}?lang={self.voice.language.value}",
        )

    def renewed(self, renewed: Renewed) -> Item:
        entry, anchor = renewed.entry, f"entry-{renewed.entry.id}-{renewed.order}"
        return Item(
            anchor=anchor,
            kind="entry",
            title=self.voice.say("warnings_entry", title=entry.title.in_(self.voice.language)),
            lines=(*entry.how_it_works.in_(self.voice.language), *self._steps(entry)),
            tags=(entry.type.value, entry.id),
            published=renewed.at,
            changed=renewed.at,
            url=self._page(anchor),
        )

    def _steps(self, entry: Entry) -> list[str]:
        return [each.replace("**", "") for each in entry.do_now.in_(self.voice.language)[:MOST_STEPS]]

    def _page(self, anchor: str) -> str:
        return f"{self.publisher.url}/warnings?lang={self.voice.language.value}#{anchor}"


def json_feed(warnings: Warnings, publisher: Publisher, language: Language) -> bytes:
    """A JSON Feed 1.1. What programs need of an item stands under `_rutan`."""
    voice = Voice(warnings.knowledge, language)
    said = {
        "version": VERSION,
        "title": voice.say("warnings_title"),
        "description": voice.say("warnings_intro"),
        "home_page_url": f"{publisher.url}/warnings?lang={language.value}",
        "feed_url": f"{publisher.url}/feeds/warnings.json?lang={language.value}",
        "language": language.value,
        "authors": [{"name": publisher.name}],
        "items": [_item(each, publisher) for each in items(warnings, publisher, language)],
    }
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()


def _item(item: Item, publisher: Publisher) -> dict[str, Any]:
    return {
        "id": _id(item, publisher),
        "url": item.url,
        "title": item.title,
        "content_text": "\n".join(item.lines),
        "date_published": _stamp(item.published),
        "date_modified": _stamp(item.changed),
        "tags": list(item.tags),
        "_rutan": {"kind": item.kind, "revoked": item.revoked, **dict(item.more)},
    }


def atom(warnings: Warnings, publisher: Publisher, language: Language) -> bytes:
    """An Atom 1.0 feed. It changes only when an item does."""
    voice, found = Voice(warnings.knowledge, language), items(warnings, publisher, language)
    home = f"{publisher.url}/warnings?lang={language.value}"
    feed = FeedGenerator()
    feed.id(home)
    feed.title(voice.say("warnings_title"))
    feed.subtitle(voice.say("warnings_intro"))
    feed.language(language.value)
    feed.link(href=home, rel="alternate")
    feed.link(href=f"{publisher.url}/feeds/warnings.atom?lang={language.value}", rel="self")
    feed.author(name=publisher.name)
    feed.updated(_newest(found, warnings))
    for item in found:
        entry = feed.add_entry(order="append")
        entry.id(_id(item, publisher))
        entry.title(item.title)
        entry.link(href=item.url)
        entry.content("\n".join(item.lines), type="text")
        entry.published(item.published)
        entry.updated(item.changed)
        for tag in item.tags:
            entry.category(term=tag)
    made: bytes = feed.atom_str(pretty=True)
    return made


def _newest(found: Sequence[Item], warnings: Warnings) -> datetime:
    """Of a feed without items: since when there is one."""
    return max((each.changed for each in found), default=min(each.since for each in warnings.marks.values()))


def _id(item: Item, publisher: Publisher) -> str:
    return f"{publisher.url}/warnings#{item.anchor}"


def _plain(text: str) -> str:
    return text.replace("**", "").strip()


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
