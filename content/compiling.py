"""What was read → Knowledge: the indexes, the directory, the learnt feature."""

from __future__ import annotations

from collections import defaultdict

from content import directory, learnt, matching, signs
from content.directory import Hosts
from content.knowledge import Knowledge
from content.lanes import NO_EMERGENCY
from content.learnt import Learnt
from content.models import ScamType, State
from content.reading import Gathered
from content.scorecard import Band, Scorecard, TypeWeights
from content.takedown import NO_TAKEDOWN
from content.words import NO_WORDS

MODEL_FILE = "learnt.npz"


def compile_(gathered: Gathered, version: str) -> Knowledge:
    """The knowledge of everything sound in `gathered`; only live entries are matched."""
    live = {name: entry for name, entry in gathered.entries.items() if entry.state is State.LIVE}
    frequencies, documents = matching.frequencies_of(bones for bones, _ in gathered.honest)
    by_type: dict[ScamType, list[str]] = defaultdict(list)
    by_sign: dict[str, list[str]] = defaultdict(list)
    for entry in live.values():
        by_type[entry.type].append(entry.id)
        for sign in entry.signs:
            by_sign[sign].append(entry.id)
    return Knowledge(
        version=version,
        entries=gathered.entries,
        signs=gathered.signs,
        organisations=gathered.organisations,
        hotlines=gathered.hotlines,
        phrases=gathered.phrases,
        words=gathered.words or NO_WORDS,
        provinces=gathered.provinces,
        emergency=gathered.emergency or NO_EMERGENCY,
        drills=gathered.drills,
        tells=gathered.tells,
        scorecard=gathered.scorecard or _PLAIN_CARD,
        directory=_directory(gathered),
        wordings=signs.build([*gathered.signs.values(), *signs.topics_of(live.values())], frequencies, documents),
        index=matching.build(live.values(), frequencies, documents),
        learnt=_learnt(gathered),
        entries_with_sign={sign: tuple(names) for sign, names in by_sign.items()},
        entries_of_type={kind: tuple(names) for kind, names in by_type.items()},
        takedown=gathered.takedown or NO_TAKEDOWN,
    )


# Stands in only while a writer's scorecard is broken; `load` refuses such content.
_PLAIN_CARD = Scorecard(
    intercept=-3.0,
    lines=(),
    bands=(Band(up_to=100_000, ask=0.3, warn=0.5, known=0.9),),
    types=TypeWeights(match=6, sign=1, topic=1.5, own_sign=0.5, own_topic=1, learnt=1),
)


def _directory(gathered: Gathered) -> directory.Directory:
    hosts = Hosts(
        frozenset(name.lower() for name in gathered.hosts.shorteners),
        frozenset(name.lower() for name in gathered.hosts.shared_hosts),
        frozenset(name.lower().lstrip(".") for name in gathered.hosts.odd_endings),
    )
    numbers = {
        "".join(letter for letter in hotline.number if letter.isdigit()): name
        for name, hotline in gathered.hotlines.items()
    }
    numbers.pop("", None)
    return directory.build(gathered.organisations.values(), hosts, numbers)


def _learnt(gathered: Gathered) -> Learnt | None:
    path = gathered.root / MODEL_FILE
    if not path.exists():
        return None
    try:
        return learnt.load(path)
    except (OSError, ValueError, KeyError):
        gathered.fault(path, 0, "not a model: make it anew with `rutan evaluate --fit`")
        return None
