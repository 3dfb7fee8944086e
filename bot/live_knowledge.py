"""The knowledge as officials have it now: looked for each second in every process (at once where a signal comes), made beside
it, taken up whole.

What is approved becomes live without a restart. What breaks the content is put aside, written down and shown at the
desk; until then and after it people are answered from the last knowledge that was sound.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import pickle
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import structlog

from bot.metrics import Metrics
from bot.settings import inherited
from bot.store.revisions import Revision, Revisions
from bot.store.transaction import StoreFailed
from content import loading, revising
from content.knowledge import Knowledge
from content.loading import load
from content.models import State
from content.revising import Located, Revised
from content.verdict import judge
from handlers.errors import RutanError
from handlers.ports import Ports

log = structlog.get_logger()

# With a second for this and two to four for the making, what was approved is live within five.
LOOK_EVERY = 1.0
# A busy machine takes ten times as long as an idle one.
MOST_SECONDS = 60.0
# After a fault of the machine (no memory, no disk): not at once, or it gets worse.
AGAIN_AFTER = 20.0
# Behind those who answer, where both want the processor; but what was approved is waited for.
NICE = 5
# The messages that officials of this house hold it to; not in every installation.
GOLDEN = loading.FOLDER.parent / "tests" / "golden"

Take = Callable[[Knowledge], None]


class WorkbenchFailed(RutanError):
    """The process beside us did not do its job; the message says how it ended, never with what."""


class Workbench:
    """Runs jobs of `content.workbench`, one process each, few at a time."""

    def __init__(self, *, root: Path = loading.FOLDER, cache: Path | None = loading.CACHE, at_once: int = 2) -> None:
        self.root = root
        self.cache = cache
        self._room = asyncio.Semaphore(at_once)

    async def run(self, do: str, **job: Any) -> dict[str, Any]:
        """The result of one job. Raises WorkbenchFailed."""
        asked = json.dumps({"do": do, "root": str(self.root), **job}, ensure_ascii=False).encode()
        async with self._room:
            return await self._run(do, asked)

    async def _run(self, do: str, asked: bytes) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "content.workbench",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=loading.FOLDER.parent,
            env=_surroundings(),
        )
        try:
            if do != "build":
                with suppress(OSError):
                    os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
            said, complaint = await asyncio.wait_for(process.communicate(asked), MOST_SECONDS)
            result = json.loads(said) if process.returncode == 0 else None
        except TimeoutError:
            raise WorkbenchFailed(f"{do}: no result within {MOST_SECONDS:.0f} s") from None
        except ValueError:
            raise WorkbenchFailed(f"{do}: a result that cannot be read") from None
        finally:
            await _ended(process)
        if not isinstance(result, dict):
            raise WorkbenchFailed(f"{do}: ended with {process.returncode} ({_kind_of(complaint)})")
        return result

    async def check(self, live: Sequence[Revised], draft: Revised, day: str) -> tuple[Located, ...]:
        """The faults that a draft makes. Raises WorkbenchFailed."""
        result = await self.run("check", day=day, revised=_rows(live), draft=_row(draft))
        return _located(result)

    async def proved(self, live: Sequence[Revised], draft: Revised, day: str) -> tuple[str, tuple[Located, ...]]:
        """The version of the knowledge that a draft makes, and its faults; "" with faults that break it. Raises
        WorkbenchFailed."""
        others = [each for each in live if (each.kind, each.name) != (draft.kind, draft.name)]
        version = await asyncio.to_thread(self._kept_version, [*others, draft])
        if version:
            return version, _overdue(draft, day)
        cache = str(self.cache) if self.cache else None
        result = await self.run("prove", revised=_rows(live), draft=_row(draft), cache=cache)
        return str(result["version"]), _located(result) or _overdue(draft, day)

    async def built(self, chains: Sequence[Sequence[Revision]]) -> tuple[Knowledge, dict[str, Any]]:
        """The knowledge of the newest sound revisions, and which were used and which not. Raises WorkbenchFailed."""
        newest = [chain[0] for chain in chains]
        known = await asyncio.to_thread(self._kept, [each.revised for each in newest])
        if known is not None:
            return known, {"used": [each.id for each in newest], "refused": []}
        rows = [[{"id": each.id, **_row(each.revised)} for each in chain] for chain in chains]
        with tempfile.TemporaryDirectory(prefix="rutan-") as folder:
            into = Path(folder) / "knowledge"
            cache = str(self.cache) if self.cache else None
            result = await self.run("build", chains=rows, cache=cache, into=str(into))
            return await asyncio.to_thread(_unpickled, into), result

    def _kept(self, live: Sequence[Revised]) -> Knowledge | None:
        """What the checks before the approval have left for all of us; None where there is nothing like that."""
        with suppress(OSError, ValueError), tempfile.TemporaryDirectory(prefix="rutan-") as folder:
            revising.lay(self.root, live, Path(folder))
            return loading.kept(Path(folder), self.cache)
        return None

    def _kept_version(self, live: Sequence[Revised]) -> str:
        with suppress(OSError, ValueError), tempfile.TemporaryDirectory(prefix="rutan-") as folder:
            revising.lay(self.root, live, Path(folder))
            return loading.kept_version(Path(folder), self.cache)
        return ""

    async def tried(self, live: Sequence[Revised], draft: Revised, **texts: Any) -> dict[str, Any]:
        """What a draft would change. Raises WorkbenchFailed."""
        golden = str(GOLDEN) if GOLDEN.is_dir() else None
        cache = str(self.cache) if self.cache else None
        return await self.run("try", revised=_rows(live), draft=_row(draft), cache=cache, golden=golden, **texts)

    async def exported(self, live: Sequence[Revised], into: Path) -> str:
        """The content with all revisions, written into a folder; the version that it has. Raises WorkbenchFailed."""
        result = await self.run("export", revised=_rows(live), into=str(into))
        return str(result["version"])


class LiveKnowledge:
    """What this process answers from, kept as new as the database. `first` once, then `watch` for as long as it runs."""

    def __init__(self, revisions: Revisions, workbench: Workbench | None = None) -> None:
        self.revisions = revisions
        self.workbench = workbench or Workbench()
        # The number of the newest revision that has been looked at, sound or not.
        self.at = 0
        self.look_every = LOOK_EVERY
        self._told = asyncio.Event()

    def heard(self, word: str) -> None:
        """A signal that something has become live: the next look is now."""
        self._told.set()

    async def first(self) -> Knowledge:
        """The knowledge to start with. Raises ContentError where even the shipped content is broken."""
        if await self.revisions.newest() == 0:
            return await asyncio.to_thread(shipped)
        try:
            return await self._made()
        except WorkbenchFailed as trouble:
            log.error("the revised knowledge could not be made; starting with what is shipped", reason=str(trouble))
            return await asyncio.to_thread(shipped)

    async def watch(self, take: Take) -> None:
        """Look for what has become live, and hand the new knowledge to `take`, which must be quick."""
        again_in = self.look_every
        while True:
            # After a fault of the machine no signal hurries us.
            await self._rest(again_in, listening=again_in == self.look_every)
            again_in = await self._look(take)

    async def _rest(self, seconds: float, *, listening: bool) -> None:
        if listening:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), seconds)
        else:
            await asyncio.sleep(seconds)
        self._told.clear()

    async def _look(self, take: Take) -> float:
        """One look; the seconds until the next."""
        try:
            if await self.revisions.newest() != self.at:
                knowledge = await self._made()
                await asyncio.to_thread(warm, knowledge)
                take(knowledge)
                log.info("new knowledge is live", version=knowledge.version, revision=self.at)
        except StoreFailed as trouble:
            log.error("could not look for new knowledge", exc_info=trouble)
        except WorkbenchFailed as trouble:
            log.error("new knowledge could not be made; the old stays", reason=str(trouble))
            return AGAIN_AFTER
        return self.look_every

    async def _made(self) -> Knowledge:
        newest, chains = await self.revisions.chains()
        knowledge, result = await self.workbench.built(chains)
        used = set(result["used"])
        for each in result["refused"]:
            if await self.revisions.refuse(each["id"], each["faults"]):
                log.error("a revision breaks the content and was put aside", revision=each["id"], faults=each["faults"])
        for chain in chains:
            if chain[0].refused and chain[0].id in used:
                await self.revisions.accept(chain[0].id)
        self.at = newest
        return knowledge


def swap(ports: Ports, metrics: Metrics) -> Take:
    """How a running bot takes new knowledge: all of it between two answers, the old one let go."""

    def take(knowledge: Knowledge) -> None:
        ports.knowledge = knowledge
        metrics.knowledge.clear()
        metrics.knowledge.labels(knowledge.version).set(1)
        # As at the start: what stays is not looked through at every collection. The old knowledge has no cycles and is
        # gone by now; a test holds it.
        gc.freeze()

    return take


def shipped() -> Knowledge:
    """The knowledge in the content folder alone. An entry past its day goes on warning people until somebody has
    reviewed it: the desk says so each day, and silence would help nobody. Raises ContentError."""
    return load(today=date.min)


def warm(knowledge: Knowledge) -> None:
    """The first answer shall not wait for what is made on first use."""
    judge("สวัสดี hello", knowledge)


def _unpickled(path: Path) -> Knowledge:
    # Written by a process of ours a moment ago, in a folder that nobody else can write to.
    with path.open("rb") as kept:
        knowledge = pickle.load(kept)  # noqa: S301  # nosec B301  # a file of ours, in a folder for our hands only
    if not isinstance(knowledge, Knowledge):
        raise WorkbenchFailed("build: what was made is no knowledge")
    return knowledge


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _surroundings() -> dict[str, str]:
    """What the other process needs of ours: no secret among it."""
    kept = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "VIRTUAL_ENV", "HOME")
    return inherited(kept) | {"PYTHONUTF8": "1"}


def _kind_of(complaint: bytes) -> str:
    """The kind of the error that ended it, without its words: these may quote what people wrote."""
    last = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
    kind = last.partition(":")[0]
    return kind if kind.replace(".", "").replace("_", "").isalnum() and len(kind) < 60 else "no reason given"


def _row(revised: Revised) -> dict[str, Any]:
    return {"kind": revised.kind.value, "name": revised.name, "body": revised.body}


def _rows(revised: Sequence[Revised]) -> list[dict[str, Any]]:
    return [_row(each) for each in revised]


def _located(result: dict[str, Any]) -> tuple[Located, ...]:
    return tuple(Located(**{**each, "loc": tuple(each["loc"])}) for each in result["faults"])


def _overdue(draft: Revised, day: str) -> tuple[Located, ...]:
    """The fault of an entry that would be past its day from the start."""
    until = str(draft.body.get("expires_on", ""))
    if draft.body.get("state") != State.LIVE or not until or until > day:
        return ()
    return (Located(draft.kind, draft.name, ("expires_on",), f"expired on {until}: review it", ""),)
