"""Pictures known again by their looks: who sent the same one, how many, since when. No picture is kept, and no word of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.identity import Identity
from bot.store import forms, sightings
from bot.store.foundation import Foundation
from bot.store.transaction import Row, Transaction
from content.fingerprints import Fingerprint, likeness
from handlers.messages import Address, PictureSighting, Seen

# Bits of 256 that may differ. Saved anew, scaled and cut by a hair a picture stays under 24; two screens of one app with
# other words differ by as little as 8, so the words must be alike too, where there are any.
MOST_BITS = 24
# Without words on either side there is only the look, and it must be nearly the same.
MOST_BITS_WORDLESS = 12
# Reading a picture twice gives nearly the same words; other messages are under 0.2.
WORDS_ALIKE = 0.35
BAND_LETTERS = 4


class PictureBook:
    """The pictures of one house."""

    def __init__(self, foundation: Foundation) -> None:
        self._foundation = foundation

    async def seen(
        self, looks: Sequence[str], fingerprint: Fingerprint | None, address: Address
    ) -> Sequence[Seen | None]:
        """For each look, who else than the one at `address` sent the same picture."""
        asker = self._foundation.identity.person(address)

        def work(tx: Transaction) -> list[Seen | None]:
            return [seen(tx, look, fingerprint, asker) for look in looks]

        return await self._foundation.database.read(work)


def bands(look: str) -> tuple[int, ...]:
    """Sixteen numbers under 2**20 to search by: which piece of the look, and what stands there."""
    pieces = [look[start : start + BAND_LETTERS] for start in range(0, len(look), BAND_LETTERS)]
    return tuple(number << 16 | int(piece, 16) for number, piece in enumerate(pieces))


def _values(look: str) -> dict[str, int]:
    """The bands as the values of a query."""
    return {f"b{number}": band for number, band in enumerate(bands(look))}


def bits_apart(one: str, other: str) -> int:
    """In how many of their bits two looks differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def known(tx: Transaction, look: str, fingerprint: Fingerprint | None) -> Row | None:
    """The picture most like this one, if any is the same."""
    near = tx.rows("near_pictures", **_values(look))
    same = [(bits_apart(look, row["look"]), row["id"], row) for row in near if _same(look, fingerprint, row)]
    return min(same, key=lambda each: each[:2], default=(0, 0, None))[2]


def _same(look: str, fingerprint: Fingerprint | None, row: Row) -> bool:
    apart = bits_apart(look, row["look"])
    signature = bytes(row["signature"]).hex() if row["signature"] is not None else ""
    if fingerprint is None and not signature:
        return apart <= MOST_BITS_WORDLESS
    if fingerprint is None or not signature:
        return False
    return apart <= MOST_BITS and likeness(fingerprint.signature, signature) >= WORDS_ALIKE


def seen(tx: Transaction, look: str, fingerprint: Fingerprint | None, asker: str) -> Seen | None:
    """Who else sent the same picture; None when nobody did."""
    row = known(tx, look, fingerprint)
    if row is None:
        return None
    others = row["people"] - (1 if tx.row("picture_source", picture=row["id"], source=asker) else 0)
    return Seen(others, forms.moment(row["first_seen"])) if others > 0 else None


def add(tx: Transaction, identity: Identity, address: Address, now: datetime, sighting: PictureSighting) -> None:
    """Count that a person sent a picture."""
    row = known(tx, sighting.look, sighting.fingerprint)
    if row is None and sightings.only_one_makes(tx):
        row = known(tx, sighting.look, sighting.fingerprint)
    number = int(row["id"]) if row is not None else _new(tx, sighting, now)
    first = tx.run("new_picture_source", picture=number, source=identity.person(address))
    tx.run(
        "count_picture",
        id=number,
        people=first,
        now=forms.stamp(now),
        level=sighting.level.value,
        type=sighting.type.value if sighting.type else None,
    )


def _new(tx: Transaction, sighting: PictureSighting, now: datetime) -> int:
    signature = bytes.fromhex(sighting.fingerprint.signature) if sighting.fingerprint else None
    values = {"look": sighting.look, "signature": signature, "level": sighting.level.value, "now": forms.stamp(now)}
    number = int(tx.rows("new_picture", **values)[0]["id"])
    tx.run("new_picture_bands", picture=number, **_values(sighting.look))
    return number


def erase(tx: Transaction, source: str) -> int:
    """Take a person, by keyed hash, out of every count; how many pictures knew them."""
    tx.run("uncount_pictures", source=source)
    lone = _remove(tx, tx.rows("lone_pictures", source=source))
    return lone + tx.run("erase_picture_sources", source=source)


def remove_old(tx: Transaction, before: datetime, page: int) -> int:
    """Forget a page of pictures that nobody sent since then; how many."""
    return _remove(tx, tx.rows("old_pictures", before=forms.stamp(before), page=page))


def _remove(tx: Transaction, rows: Sequence[Row]) -> int:
    for row in rows:
        for band in bands(row["look"]):
            tx.run("erase_picture_band", band=band, picture=row["id"])
        tx.run("erase_picture", id=row["id"])
    return len(rows)
