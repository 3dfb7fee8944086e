"""The pages about our API, drawn from its own description. No script, and nothing from anybody else's server: on the same
address stands the officials' desk."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bot.webchat import SECURITY

PATH = "/api/v1/docs"
METHODS = ("get", "post", "put", "patch", "delete", "head")
_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


@dataclass(frozen=True)
class Field:
    """One thing that is sent or comes back."""

    name: str
    kind: str
    needed: bool
    about: str


@dataclass(frozen=True)
class Call:
    """One thing that a program may ask."""

    method: str
    path: str
    summary: str
    about: str
    keys: Sequence[str]
    parameters: Sequence[Field]
    body: Sequence[Field]
    example: str
    answers: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Shape:
    """A named object of the description."""

    name: str
    about: str
    fields: Sequence[Field]


def mount(app: FastAPI) -> None:
    """Add the pages; they show whatever routes the application has when they are asked for."""

    async def show(request: Request) -> Response:
        told = app.openapi()
        drawn = _pages.get_template("api.html").render(
            title=told["info"]["title"],
            about=told["info"].get("description", ""),
            calls=calls(told),
            shapes=shapes(told),
            description=app.openapi_url,
        )
        return HTMLResponse(drawn, headers=SECURITY)

    app.router.routes.append(Route(PATH, show))


def calls(told: Mapping[str, Any]) -> list[Call]:
    """Every call of an OpenAPI description, in its order."""
    return [
        _call(told, path, method, whole)
        for path, methods in told.get("paths", {}).items()
        for method, whole in methods.items()
        if method in METHODS
    ]


def shapes(told: Mapping[str, Any]) -> list[Shape]:
    """The named objects of a description."""
    named = told.get("components", {}).get("schemas", {})
    return [Shape(name, shape.get("description", ""), _fields(told, shape)) for name, shape in named.items()]


def _call(told: Mapping[str, Any], path: str, method: str, whole: Mapping[str, Any]) -> Call:
    content = _followed(told, whole.get("requestBody", {})).get("content", {})
    sent: Mapping[str, Any] = next(iter(content.values()), {})
    shape = _followed(told, sent.get("schema", {}))
    return Call(
        method.upper(),
        path,
        whole.get("summary", ""),
        whole.get("description", ""),
        [f"{name} {' '.join(scopes)}".strip() for each in whole.get("security", ()) for name, scopes in each.items()],
        [_parameter(_followed(told, each)) for each in whole.get("parameters", ())],
        _fields(told, shape),
        _example(sent, shape),
        [(status, *_answer(_followed(told, each))) for status, each in whole.get("responses", {}).items()],
    )


def _parameter(each: Mapping[str, Any]) -> Field:
    kind = f"{_kind(each.get('schema', {}))}, in {each.get('in', 'query')}"
    return Field(each["name"], kind, bool(each.get("required")), each.get("description", ""))


def _answer(answer: Mapping[str, Any]) -> tuple[str, str]:
    content = answer.get("content", {})
    kinds = ", ".join(f"{kind} {_kind(each.get('schema', {}))}".strip() for kind, each in content.items())
    return answer.get("description", ""), kinds


def _fields(told: Mapping[str, Any], shape: Mapping[str, Any]) -> list[Field]:
    needed = shape.get("required", ())
    return [
        Field(name, _kind(each), name in needed, each.get("description", ""))
        for name, each in shape.get("properties", {}).items()
    ]


def _kind(shape: Mapping[str, Any]) -> str:
    """What may stand there, in words: `string, at most 20000 letters`."""
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in shape:
            return " or ".join(_kind(each) for each in shape[choice])
    if "const" in shape or "enum" in shape:
        return " or ".join(json.dumps(each) for each in shape.get("enum", [shape.get("const")]))
    kind = str(shape.get("type", ""))
    if kind == "array":
        return f"list of {_kind(shape.get('items', {}))}"
    limits = (
        ("minLength", "at least {} letters"),
        ("maxLength", "at most {} letters"),
        ("minimum", "from {}"),
        ("maximum", "to {}"),
    )
    return ", ".join([kind, *(said.format(shape[name]) for name, said in limits if name in shape)])


def _example(sent: Mapping[str, Any], shape: Mapping[str, Any]) -> str:
    given = [each.get("value") for each in sent.get("examples", {}).values()]
    known = [*given, *(each for each in (sent.get("example"),) if each is not None), *shape.get("examples", ())]
    return json.dumps(known[0], ensure_ascii=False, indent=2) if known else ""


def _followed(told: Mapping[str, Any], shape: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference names."""
    for name in str(shape.get("$ref", "")).removeprefix("#/").split("/") if "$ref" in shape else ():
        told = told[name]
        shape = told
    return shape
