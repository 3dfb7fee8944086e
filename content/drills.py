"""Practice drills: invented messages that are a little like real scams, and what gives each of them away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from content.models import Both, BothLines, ScamType, Slug, Strict


class Drill(Strict):
    """`content/drills.yaml`, one message: harmless, without a link or a number that anybody could use.

    `message` is what a scammer might write; `clues` what gave it away, to be read afterwards.
    """

    id: Slug
    type: ScamType
    message: Both
    clues: BothLines


def chosen(drills: Mapping[str, Drill], theme: ScamType | None, done: Iterable[str] = ()) -> Drill | None:
    """The drill of this month's `theme`, or the next one of those whose type is not in `done`; None where there is none.

    Who has done all of them begins again.
    """
    seen = set(done)
    ordered = sorted(drills.values(), key=lambda each: each.type is not theme)
    return next((each for each in ordered if each.type.value not in seen), ordered[0] if ordered else None)
