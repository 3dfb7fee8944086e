"""Content files → Knowledge. Strict: every fault of every file is named at once, with its line and what to do."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import stat
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from content.knowledge import Knowledge
from content.models import State

if TYPE_CHECKING:
    from content.reading import Gathered

__all__ = ["ContentError", "Fault", "Knowledge", "load"]

FOLDER = Path(__file__).parent
# Kept with the project, where only its owner writes: what is unpickled must be ours.
CACHE = FOLDER.parent / "var" / "knowledge"
CACHED = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """Where content is wrong (`line` from 1, 0 for the whole file) and what to do about it."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}" if self.line else f"{self.path}: {self.message}"


class ContentError(Exception):
    """The content cannot be used. `faults` names everything that is wrong, file by file."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def load(folder: Path | None = None, *, cache: Path | None = CACHE, today: date | None = None) -> Knowledge:
    """The knowledge in `folder` (by default the one shipped). Raises ContentError listing every fault.

    The compiled form is kept under `cache` by the hash of all content and of the engine; a cache that cannot be
    read or written is no fault. `today` (default: the clock's) decides which entries have expired.
    """
    root = (folder or FOLDER).resolve()
    day = today or date.today()
    files = content_files(root)
    version = _hash(root, files)
    key = f"{version}-{_engine()}"
    kept = _from_cache(cache, key)
    if kept is not None and not _expired(kept, day):
        return kept
    from content import compiling, reading

    gathered = reading.read(root, files, day)
    if gathered.faults:
        raise ContentError(sorted(gathered.faults, key=lambda fault: (str(fault.path), fault.line)))
    knowledge = compiling.compile_(gathered, version)
    _to_cache(cache, key, knowledge)
    return knowledge


def kept(folder: Path, cache: Path | None = CACHE) -> Knowledge | None:
    """The knowledge in `folder` if it was compiled before, whatever its days; None if it must be made."""
    root = folder.resolve()
    return _from_cache(cache, f"{_hash(root, content_files(root))}-{_engine()}")


def kept_version(folder: Path, cache: Path | None = CACHE) -> str:
    """The version of the knowledge in `folder` if it was compiled before, and so is sound; "" if nobody has tried."""
    root = folder.resolve()
    version = _hash(root, content_files(root))
    return version if cache and (cache / f"{version}-{_engine()}.pickle").exists() else ""


def _expired(knowledge: Knowledge, day: date) -> bool:
    """Whether an entry has run out since the cache was made: then the content is read again, which says so."""
    return any(entry.state is State.LIVE and entry.expires_on < day for entry in knowledge.entries.values())


def load_what_validates(folder: Path | None = None) -> tuple[Knowledge, tuple[Fault, ...]]:
    """For writers at work: the knowledge of whatever is sound, and the faults of the rest."""
    from content import compiling, reading

    root = (folder or FOLDER).resolve()
    files = content_files(root)
    gathered: Gathered = reading.read(root, files, date.today())
    return compiling.compile_(gathered, _hash(root, files)), tuple(gathered.faults)


def content_files(root: Path) -> tuple[Path, ...]:
    """Every file that the knowledge is made of, in a fixed order."""
    patterns = ("*.yaml", "*.npz", "entries/*.yaml", "signs/*.yaml", "examples/*.jsonl")
    return tuple(path for pattern in patterns for path in sorted(root.glob(pattern)))


def _hash(root: Path, files: Iterable[Path]) -> str:
    total = hashlib.blake2b(digest_size=8)
    for path in files:
        total.update(path.relative_to(root).as_posix().encode() + b"\x00")
        total.update(path.read_bytes() + b"\x00")
    return total.hexdigest()


def _engine() -> str:
    """The hash of the code that compiles knowledge, and of the Python that runs it."""
    total = hashlib.blake2b(sys.version.encode(), digest_size=6)
    for path in sorted(FOLDER.glob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()


def _from_cache(cache: Path | None, key: str) -> Knowledge | None:
    if cache is None:
        return None
    try:
        with (cache / f"{key}.pickle").open("rb") as kept:
            if not (_ours(cache.stat()) and _ours(os.fstat(kept.fileno()))):
                return None
            inner, knowledge = pickle.load(kept)  # noqa: S301  # nosec B301  # ours, and nobody else can write it
    except Exception:  # any broken cache is simply made anew
        return None
    return knowledge if inner == key and isinstance(knowledge, Knowledge) else None


def _ours(state: os.stat_result) -> bool:
    """Whether nobody but us (or the machine's owner) can have written it: what is unpickled may do whatever we may."""
    if not hasattr(os, "getuid"):
        return True  # Windows: folders of a user are that user's
    return state.st_uid in (os.getuid(), 0) and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _to_cache(cache: Path | None, key: str, knowledge: Knowledge) -> None:
    if cache is None:
        return
    with contextlib.suppress(OSError, pickle.PicklingError):
        cache.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not _ours(cache.stat()):
            cache.chmod(0o755)  # made by a hand that lets its group write
        unfinished = cache / f"{key}.{id(knowledge)}.part"
        unfinished.touch(mode=0o644)
        unfinished.write_bytes(pickle.dumps((key, knowledge), protocol=pickle.HIGHEST_PROTOCOL))
        unfinished.replace(cache / f"{key}.pickle")
        # What is shipped and what officials made of it stay beside each other, and the one before while others read it.
        for old in sorted(cache.glob("*.pickle"), key=lambda path: path.stat().st_mtime)[:-CACHED]:
            old.unlink(missing_ok=True)
