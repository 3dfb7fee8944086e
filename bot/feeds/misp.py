"""The campaigns as MISP events, laid out as a feed that MISP can pull: a manifest, one file an event, and hashes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid5

from pymisp import Distribution, MISPAttribute, MISPEvent, MISPOrganisation

from bot.feeds.campaigns import Publisher, Reach, Used, Warned, Warnings
from bot.feeds.stix import CALLED, namespace
from bot.store.campaigns import Campaign, Marking, personal
from content.models import Language
from content.reported import Subject

# Who may pass an event on, as MISP has it: everybody, the community, the own organisation.
DISTRIBUTION = {
    Marking.CLEAR: Distribution.all_communities,
    Marking.GREEN: Distribution.this_community_only,
    Marking.AMBER: Distribution.your_organisation_only,
}
# MISP's own colours of the markings.
COLOURS = {Marking.CLEAR: "#ffffff", Marking.GREEN: "#339900", Marking.AMBER: "#ffc000"}
_MEDIUM, _COMPLETED = 2, 2
MANIFEST, HASHES = "manifest.json", "hashes.csv"


@dataclass(frozen=True)
class Kind:
    """What a thing is to MISP; `acts`: whether a machine may act on it."""

    type: str
    category: str
    acts: bool = True


def files(warnings: Warnings, reach: Reach, publisher: Publisher) -> Mapping[str, bytes]:
    """Every file of the feed by its name."""
    events = [event(each, warnings, publisher) for each in warnings.reached(reach)]
    manifest: dict[str, Any] = {}
    hashes: list[str] = []
    found: dict[str, bytes] = {}
    for each in events:
        written = each.to_feed(with_distribution=True)
        found[f"{each.uuid}.json"] = _json(written)
        manifest |= each.manifest
        hashes += [f"{hash},{each.uuid}" for hash in each.attributes_hashes("md5")]
    found[MANIFEST] = _json(manifest)
    found[HASHES] = "".join(f"{line}\n" for line in hashes).encode()
    return found


def event(warned: Warned, warnings: Warnings, publisher: Publisher) -> MISPEvent:
    """One campaign."""
    campaign, made = warned.campaign, MISPEvent()
    confirmed = campaign.confirmed_at or campaign.proposed_at
    english, thai = (warnings.title(campaign, each) for each in (Language.ENGLISH, Language.THAI))
    made.uuid = campaign.uuid
    made.info = f"{'[Revoked] ' if campaign.revoked else ''}{english} · {thai}"
    made.date = confirmed.astimezone(publisher.zone).date()
    made.distribution = DISTRIBUTION[campaign.marking].value
    made.threat_level_id, made.analysis = _MEDIUM, _COMPLETED
    made.published = True
    made.timestamp = made.publish_timestamp = _version(warned.campaign, _changed(warned))
    made.Orgc = _organisation(publisher)
    made.add_tag(_tag(campaign.marking))
    for name in _tags(campaign):
        made.add_tag({"name": name, "colour": "#0b5d4f"})
    for used in warned.used:
        _add(made, warned, used, publisher)
    return made


def _add(made: MISPEvent, warned: Warned, used: Used, publisher: Publisher) -> None:
    campaign = warned.campaign
    ended = campaign.ended_at or used.withdrawn
    over = campaign.valid_until if warned.over else None
    kind = kind_of(used.subject)
    value = f"https://{used.subject.value}" if used.subject.kind == "page" else used.subject.value
    attribute = made.add_attribute(
        kind.type,
        value,
        category=kind.category,
        to_ids=kind.acts and ended is None and over is None,
        deleted=ended is not None,
        distribution=(Distribution.your_organisation_only if personal(used.subject) else Distribution.inherit).value,
        uuid=str(uuid5(namespace(publisher), f"attribute {campaign.uuid}:{used.number}")),
        comment=f"{CALLED[used.subject.kind]}. Valid until {campaign.valid_until.date().isoformat()}",
        timestamp=_version(campaign, ended or over),
    )
    if personal(used.subject) and isinstance(attribute, MISPAttribute):
        attribute.add_tag(_tag(Marking.AMBER))


def kind_of(subject: Subject) -> Kind:
    """MISP's type and category for a thing that a scam uses."""
    match subject.kind:
        case "domain":
            numbers = subject.value.replace(".", "")
            return Kind("ip-dst" if numbers.isascii() and numbers.isdigit() else "domain", "Network activity")
        case "page":
            return Kind("url", "Network activity")
        case "phone":
            return Kind("phone-number", "Financial fraud")
        case "account":
            return Kind("bank-account-nr", "Financial fraud")
        case "wallet" if subject.value.startswith(("1", "3", "bc1")):
            return Kind("btc", "Financial fraud")
        case _:
            # MISP knows no LINE id and not every wallet: the comment says what the text is.
            return Kind("text", "Other", acts=False)


def _changed(warned: Warned) -> datetime:
    moments = [each.withdrawn for each in warned.used if each.withdrawn]
    moments += [warned.campaign.valid_until] if warned.over and not warned.campaign.revoked else []
    return max([warned.campaign.changed_at, *moments])


def _version(campaign: Campaign, moment: datetime | None) -> datetime:
    """MISP counts whole seconds and takes only what is newer: a change is never in the second of the confirmation."""
    confirmed = campaign.confirmed_at or campaign.proposed_at
    changed = moment or confirmed
    return changed.replace(microsecond=0) + timedelta(seconds=0 if changed <= confirmed else 1)


def _tag(marking: Marking) -> dict[str, str]:
    return {"name": f"tlp:{marking.value}", "colour": COLOURS[marking]}


def _tags(campaign: Campaign) -> list[str]:
    tags = [f'rutan:type="{campaign.type}"'] if campaign.type else []
    tags += [f'rutan:entry="{campaign.entry}"'] if campaign.entry else []
    return tags + (['rutan:state="revoked"'] if campaign.revoked else [])


def _organisation(publisher: Publisher) -> MISPOrganisation:
    made = MISPOrganisation()
    made.name = publisher.name
    made.uuid = str(uuid5(namespace(publisher), "identity publisher"))
    return made


def _json(said: Any) -> bytes:
    return (json.dumps(said, ensure_ascii=False, indent=1, sort_keys=True, default=str) + "\n").encode()
