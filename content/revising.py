"""Revisions over the content files: one object each, whole, laid over a folder as the repository would hold it.

A body is a mapping of the object's fields as its file has them: texts, lists of texts, mappings; days as `2026-11-22`.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from content.loading import Fault, content_files
from content.models import Entry, Organisation

Body = Mapping[str, Any]
Loc = tuple[str | int, ...]

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
LONGEST_NAME = 60
_DAYS = ("reviewed_on", "expires_on")
# What stands in a file of flow style without quotes, and means the same.
_BARE = re.compile(r"[a-z0-9][a-z0-9.-]*\.[a-z]{2,}", re.ASCII)
_DIRECTORY = "directory.yaml"


class Kind(StrEnum):
    """What can be revised: the trick of a file of its own, and the organisation of a list."""

    ENTRY = "entry"
    ORGANISATION = "organisation"


MODELS: Mapping[Kind, type[Entry] | type[Organisation]] = {Kind.ENTRY: Entry, Kind.ORGANISATION: Organisation}


@dataclass(frozen=True)
class Revised:
    """One object as it shall be: `name` is its id."""

    kind: Kind
    name: str
    body: Body


@dataclass(frozen=True)
class Located:
    """A fault of content, and where in which object: `loc` are the steps to its field, () where no field is to blame;
    `kind` and `name` are empty where the fault lies in something that nobody can revise."""

    kind: str
    name: str
    loc: Loc
    message: str
    file: str


def fitting(name: str) -> bool:
    """Whether a name can be an id, and so the name of a file."""
    return len(name) <= LONGEST_NAME and _SLUG.fullmatch(name) is not None


def body_of(thing: Entry | Organisation) -> dict[str, Any]:
    """The body of something known, in the order of its file."""
    return tidy(thing.model_dump(mode="json"))


def tidy(body: Body) -> dict[str, Any]:
    """A body in the order of its model and without what is empty."""
    model = Entry if "how_it_works" in body or "phrases" in body or "state" in body else Organisation
    order = {name: place for place, name in enumerate(model.model_fields)}
    known = sorted(body.items(), key=lambda item: order.get(item[0], len(order)))
    return {name: made for name, value in known if (made := _tidy(value)) not in ("", None, [], {})}


def _tidy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: made for name, each in value.items() if (made := _tidy(each)) not in ("", None, [], {})}
    if isinstance(value, list | tuple):
        return [made for each in value if (made := _tidy(each)) not in ("", None, [], {})]
    return value.isoformat() if isinstance(value, date) else value


def lay(root: Path, revised: Sequence[Revised], into: Path) -> None:
    """Write the content of `root` into the folder `into`, with these objects in place of its own; whatever nobody
    revised keeps its very bytes. Raises ValueError for a name that cannot be a file's."""
    for path in content_files(root):
        target = into / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (target.exists() and target.samefile(path)):
            shutil.copyfile(path, target)
    for each in revised:
        if not fitting(each.name):
            raise ValueError(f"{each.name!r} cannot be the name of a file")
        if each.kind is Kind.ENTRY:
            _lay_entry(into, each)
    _lay_organisations(into, [each for each in revised if each.kind is Kind.ORGANISATION])


def _lay_entry(folder: Path, revised: Revised) -> None:
    path = folder / "entries" / f"{revised.name}.yaml"
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    if old and _same(yaml.load(old, yaml.CSafeLoader), revised.body):
        return
    path.parent.mkdir(exist_ok=True)
    # Some of the files have their lists under the key, some one step in: a change shows what changed and no more.
    path.write_text(entry_text(revised.body, stepped="\n  th:\n  - " not in old), encoding="utf-8")


def _lay_organisations(folder: Path, revised: Sequence[Revised]) -> None:
    if not revised:
        return
    path = folder / _DIRECTORY
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    known = {item.name: item for item in _items(text)}
    new = []
    # From the last to the first, so that the lines of what is still to come stay where they are.
    for each in sorted(revised, key=lambda one: known[one.name].start if one.name in known else 0, reverse=True):
        item = known.get(each.name)
        if item is None:
            new.append(organisation_text(each.body))
        elif not _same(item.data, each.body):
            lines[item.start : item.end] = organisation_text(each.body).splitlines()
    path.write_text("\n".join(lines).rstrip() + "\n" + "".join(f"\n{one}" for one in sorted(new)), encoding="utf-8")


@dataclass(frozen=True)
class _Item:
    """One object of a list in a file: its lines from `start` (from 0) up to `end`, without the comments after it."""

    name: str
    start: int
    end: int
    node: yaml.Node
    data: Any


def _items(text: str) -> list[_Item]:
    loader = yaml.CSafeLoader(text)
    try:
        root = loader.get_single_node()
        data = loader.construct_document(root) if root is not None else []
    except yaml.YAMLError:
        # Whoever reads the files next says so, with the line.
        return []
    finally:
        loader.dispose()
    if not isinstance(root, yaml.SequenceNode) or not isinstance(data, list):
        return []
    lines = text.splitlines()
    starts = [node.start_mark.line for node in root.value]
    made = []
    for start, until, node, value in zip(starts, [*starts[1:], len(lines)], root.value, data, strict=True):
        end = until
        while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
            end -= 1
        made.append(_Item(str(value.get("id", "")) if isinstance(value, dict) else "", start, end, node, value))
    return made


def _same(data: Any, body: Body) -> bool:
    return isinstance(data, dict) and tidy(data) == tidy(body)


class _Writer(yaml.SafeDumper):
    """Lists one step in, as the files have them."""

    stepped = True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, indentless and not self.stepped)

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _FlatWriter(_Writer):
    stepped = False


def entry_text(body: Body, *, stepped: bool = True) -> str:
    """An entry's file: one line a text, both languages beside each other."""
    written = tidy(body)
    for name in _DAYS:
        with suppress(KeyError, ValueError, TypeError):
            written[name] = date.fromisoformat(written[name])
    return _dumped(written, _Writer if stepped else _FlatWriter)


def _dumped(value: Any, writer: type[_Writer] = _Writer, **more: Any) -> str:
    return str(yaml.dump(value, Dumper=writer, allow_unicode=True, sort_keys=False, width=1 << 20, **more))


def organisation_text(body: Body) -> str:
    """An organisation's lines in the directory."""
    written = tidy(body)
    lines = []
    for name, value in written.items():
        if name in ("nicknames", "policy") and isinstance(value, dict):
            lines += [f"{name}:", *(f"  {language}: {_flow(said)}" for language, said in value.items())]
        elif name == "sources" and isinstance(value, list):
            lines += [f"{name}:", *(f"  - {_flow(each)}" for each in value)]
        elif name in ("id", "kind") and fitting(str(value)):
            lines.append(f"{name}: {value}")
        elif name in ("domains", "link_domains") and isinstance(value, list):
            lines.append(
                f"{name}: [{', '.join(each if _BARE.fullmatch(str(each)) else _flow(each) for each in value)}]"
            )
        else:
            lines.append(f"{name}: {_flow(value)}")
    return "".join(f"{'- ' if place == 0 else '  '}{line}\n" for place, line in enumerate(lines))


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_flow(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _dumped(str(value), default_style='"').strip()


def located(folder: Path, faults: Iterable[Fault]) -> list[Located]:
    """The faults with the objects and fields that they are in."""
    places: dict[Path, Callable[[int], tuple[str, str, Loc]]] = {}
    found = []
    for fault in faults:
        if fault.path not in places:
            places[fault.path] = _places(fault.path)
        kind, name, loc = places[fault.path](fault.line)
        loc = _named(kind, fault.message) or loc
        found.append(Located(kind, name, loc, fault.message, fault.path.relative_to(folder).as_posix()))
    return found


_WHERE = re.compile(r"([a-z_]+(?:\.\w+)*): ", re.ASCII)


def _named(kind: str, message: str) -> Loc:
    """The steps that a fault of shape names itself: of what is missing there is no line."""
    found = _WHERE.match(message)
    if not kind or not found:
        return ()
    steps = found[1].split(".")
    known = steps[0] in MODELS[Kind(kind)].model_fields
    return tuple(int(step) if step.isdigit() else step for step in steps) if known else ()


def _places(path: Path) -> Callable[[int], tuple[str, str, Loc]]:
    """From a line (from 1) of this file to what stands there."""
    if path.parent.name == "entries":
        with suppress(OSError, yaml.YAMLError):
            node = yaml.compose(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
            lines = _lines(node) if node is not None else {}
            return lambda line: (Kind.ENTRY, path.stem, lines.get(line, ()))
        return lambda line: (Kind.ENTRY, path.stem, ())
    if path.name == _DIRECTORY:
        items = [(item, _lines(item.node)) for item in _items(path.read_text(encoding="utf-8"))]

        def where(line: int) -> tuple[str, str, Loc]:
            for item, lines in items:
                if item.start < line <= item.end:
                    return Kind.ORGANISATION, item.name, lines.get(line, ())
            return "", "", ()

        return where
    return lambda line: ("", "", ())


def _lines(node: yaml.Node) -> dict[int, Loc]:
    """What begins on which line (from 1): the innermost thing that has the line to itself, else the outermost."""
    found: dict[int, Loc] = {}

    def walk(each: yaml.Node, loc: Loc, line: int) -> None:
        parts: list[tuple[str | int, yaml.Node, int]] = []
        if isinstance(each, yaml.MappingNode):
            parts = [(str(key.value), value, key.start_mark.line + 1) for key, value in each.value]
        elif isinstance(each, yaml.SequenceNode):
            parts = [(place, value, value.start_mark.line + 1) for place, value in enumerate(each.value)]
        for step, value, begins in parts:
            if begins != line:
                found.setdefault(begins, (*loc, step))
            walk(value, (*loc, step), begins)

    walk(node, (), 0)
    return found
