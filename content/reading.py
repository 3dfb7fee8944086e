"""Reads content files into models; a fault knows its line, because the YAML tree keeps its marks."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, RootModel, ValidationError

from content.cleaning import skeleton
from content.drills import Drill
from content.lanes import Emergency
from content.loading import Fault
from content.models import Both, Entry, Hotline, Organisation, Sign, Strict
from content.provinces import Province
from content.scorecard import Scorecard
from content.takedown import Takedown
from content.words import Words

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Model = TypeVar("Model", bound=BaseModel)


class LinkHosts(Strict):
    """`content/link_hosts.yaml`."""

    shorteners: tuple[str, ...] = ()
    shared_hosts: tuple[str, ...] = ()
    odd_endings: tuple[str, ...] = ()


class Sentences(RootModel[Mapping[str, Both]]):
    """A file of sentences by name."""


@dataclass(frozen=True, slots=True)
class Example:
    """A message of our own that is no content itself: for training and for checks."""

    path: Path
    line: int
    text: str
    label: str
    expect_type: str | None
    source: str
    kind: str = ""
    lang: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an object was written: its file and the tree of its YAML node, for the line of any part of it."""

    path: Path
    node: yaml.Node

    def line(self, *loc: str | int) -> int:
        return line_of(self.node, loc)


@dataclass
class Gathered:
    """All that was read, and every fault met."""

    root: Path
    day: date
    files: tuple[Path, ...] = ()
    entries: dict[str, Entry] = field(default_factory=dict)
    signs: dict[str, Sign] = field(default_factory=dict)
    organisations: dict[str, Organisation] = field(default_factory=dict)
    hotlines: dict[str, Hotline] = field(default_factory=dict)
    phrases: dict[str, Both] = field(default_factory=dict)
    tells: dict[str, Both] = field(default_factory=dict)
    provinces: dict[str, Province] = field(default_factory=dict)
    emergency: Emergency | None = None
    drills: dict[str, Drill] = field(default_factory=dict)
    takedown: Takedown | None = None
    hosts: LinkHosts = field(default_factory=LinkHosts)
    words: Words | None = None
    scorecard: Scorecard | None = None
    examples: list[Example] = field(default_factory=list)
    origins: dict[tuple[str, str], Origin] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @cached_property
    def honest(self) -> list[tuple[str, Example]]:
        """The honest examples with their skeletons."""
        return [(skeleton(example.text), example) for example in self.examples if example.label == "benign"]

    def fault(self, path: Path, line: int, message: str) -> None:
        self.faults.append(Fault(path, line, message))

    def fault_at(self, kind: str, name: str, message: str, *loc: str | int) -> None:
        """A fault of something already read, at its own line."""
        origin = self.origins[kind, name]
        self.fault(origin.path, origin.line(*loc), message)


def line_of(node: yaml.Node, loc: Iterable[str | int]) -> int:
    """The line (from 1) where the part at `loc` begins; that of its nearest whole if the part is missing."""
    line = node.start_mark.line + 1
    for step in loc:
        following: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    line, following = key.start_mark.line + 1, value
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            following = node.value[step]
            line = following.start_mark.line + 1
        if following is None:
            return line
        node = following
    return line


def read(root: Path, files: tuple[Path, ...], day: date) -> Gathered:
    """Every content file read and checked, faults gathered rather than raised."""
    gathered = Gathered(root, day, files)
    for path in files:
        if path.suffix == ".yaml":
            _read_yaml(gathered, path)
        elif path.suffix == ".jsonl":
            _read_examples(gathered, path)
    _require(gathered)
    from content import checking

    checking.check(gathered)
    return gathered


def _require(gathered: Gathered) -> None:
    for name, there in (
        ("scorecard.yaml", gathered.scorecard),
        ("reasons.yaml", gathered.tells),
        ("phrases.yaml", gathered.phrases),
        ("words.yaml", gathered.words),
        ("directory.yaml", gathered.organisations),
        ("hotlines.yaml", gathered.hotlines),
        ("provinces.yaml", gathered.provinces),
        ("emergency.yaml", gathered.emergency),
    ):
        path = gathered.root / name
        if not there and not any(fault.path == path for fault in gathered.faults):
            gathered.fault(path, 0, "missing or empty: the knowledge needs this file")


def _read_yaml(gathered: Gathered, path: Path) -> None:
    loader = None
    try:
        loader = _Loader(path.read_text(encoding="utf-8"))
        node = loader.get_single_node()
        data = loader.construct_document(node) if node is not None else None
    except UnicodeDecodeError:
        gathered.fault(path, 0, "not UTF-8: save the file as UTF-8")
        return
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        said = getattr(fault, "problem", None) or "not YAML"
        gathered.fault(path, mark.line + 1 if mark else 0, f"{said}: check quotes, colons and indentation here")
        return
    finally:
        if loader is not None:
            loader.dispose()
    if node is None:
        gathered.fault(path, 0, "empty: fill it or remove it")
        return
    for line, key in _repeated_keys(node):
        gathered.fault(path, line, f"the key {key!r} stands here twice: keep one")
    _sort(gathered, path, Origin(path, node), data)


def _repeated_keys(node: yaml.Node) -> Iterable[tuple[int, str]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.start_mark.line + 1, key.value
            seen.add(key.value)
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated_keys(value)


def _sort(gathered: Gathered, path: Path, origin: Origin, data: Any) -> None:
    """Which model a file holds follows from where it is."""
    if path.parent.name == "entries":
        entry = _model(gathered, Entry, origin, data)
        if entry is not None:
            if entry.id != path.stem:
                gathered.fault(path, origin.line("id"), f"id {entry.id!r} is not the file's name: make them the same")
            _keep(gathered, "entry", gathered.entries, entry.id, entry, origin)
    elif path.parent.name == "signs":
        _each(gathered, Sign, origin, data, "sign", gathered.signs)
    elif path.name == "directory.yaml":
        _each(gathered, Organisation, origin, data, "organisation", gathered.organisations)
    elif path.name == "hotlines.yaml":
        _each(gathered, Hotline, origin, data, "hotline", gathered.hotlines)
    elif path.name == "provinces.yaml":
        _each(gathered, Province, origin, data, "province", gathered.provinces)
    elif path.name == "drills.yaml":
        _each(gathered, Drill, origin, data, "drill", gathered.drills)
    elif path.name == "emergency.yaml":
        gathered.emergency = _model(gathered, Emergency, origin, data)
        gathered.origins["emergency", "emergency"] = origin
    elif path.name == "takedown.yaml":
        gathered.takedown = _model(gathered, Takedown, origin, data)
    elif path.name in ("phrases.yaml", "reasons.yaml"):
        said = _model(gathered, Sentences, origin, data)
        if said is not None:
            (gathered.phrases if path.name == "phrases.yaml" else gathered.tells).update(said.root)
            gathered.origins["sentences", path.name] = origin
    elif path.name == "words.yaml":
        gathered.words = _model(gathered, Words, origin, data)
    elif path.name == "link_hosts.yaml":
        gathered.hosts = _model(gathered, LinkHosts, origin, data) or LinkHosts()
    elif path.name == "scorecard.yaml":
        gathered.scorecard = _model(gathered, Scorecard, origin, data)
        gathered.origins["scorecard", "scorecard"] = origin


def _each(gathered: Gathered, model: type[Model], origin: Origin, data: Any, kind: str, into: dict[str, Model]) -> None:
    if not isinstance(data, list) or not isinstance(origin.node, yaml.SequenceNode):
        gathered.fault(origin.path, origin.line(), "must be a list: begin each item with '- id: …'")
        return
    for item, node in zip(data, origin.node.value, strict=True):
        own = Origin(origin.path, node)
        made = _model(gathered, model, own, item)
        if made is not None:
            _keep(gathered, kind, into, str(getattr(made, "id", "")), made, own)


def _keep(gathered: Gathered, kind: str, into: dict[str, Model], name: str, made: Model, origin: Origin) -> None:
    known = gathered.origins.get((kind, name))
    if known is not None:
        where = f"{known.path.name}:{known.line('id')}"
        gathered.fault(origin.path, origin.line("id"), f"{kind} {name!r} is already in {where}: give it another id")
        return
    into[name] = made
    gathered.origins[kind, name] = origin


def _model(gathered: Gathered, model: type[Model], origin: Origin, data: Any) -> Model | None:
    try:
        return model.model_validate(data)
    except ValidationError as faults:
        for fault in faults.errors(include_url=False):
            loc = tuple(step for step in fault["loc"] if not (isinstance(step, str) and step.startswith("function-")))
            where = ".".join(str(step) for step in loc)
            gathered.fault(origin.path, origin.line(*loc), f"{where}: {_advice(fault)}")
        return None


def _advice(fault: Any) -> str:
    kind = fault["type"]
    if kind == "missing":
        last = fault["loc"][-1]
        if last in ("th", "en"):
            return f"the {'Thai' if last == 'th' else 'English'} is missing: write both languages"
        return "missing: add it"
    if kind == "extra_forbidden":
        return "no such key here: correct its spelling or remove it"
    if kind == "too_short":
        return "empty: write at least one line"
    return f"{fault['msg']} (found {str(fault.get('input'))[:60]!r})"


def _read_examples(gathered: Gathered, path: Path) -> None:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            example = Example(
                path,
                number,
                str(row["text"]),
                str(row["label"]),
                row.get("expect_type"),
                str(row.get("source", path.stem)),
                str(row.get("kind", "")),
                str(row.get("lang", "")),
            )
        except (ValueError, KeyError, TypeError) as fault:
            gathered.fault(path, number, f"not an example line ({fault}): one JSON object with text and label")
            continue
        if example.label not in ("scam", "benign"):
            gathered.fault(path, number, f"label {example.label!r}: write scam or benign")
            continue
        gathered.examples.append(example)
