"""What the platforms accept, made strict: their published specifications and the limits in their prose.

LINE's OpenAPI file as published checks no sub-types; here every object knows its sub-type by `type` and takes
no field that the specification does not name. The specifications are read from `../shared/specs`; where that
folder is absent `missing()` says so, and the tests that need it skip (with CI=true they fail).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

SPECS = Path(__file__).resolve().parents[2] / "shared" / "specs"
JSON = dict[str, Any]


def missing() -> str:
    """Why the specifications cannot be used; "" when they are there."""
    return "" if SPECS.is_dir() else "the platforms' specifications are not beside the project (../shared/specs)"


def require() -> None:
    """Skip the test where the specifications are absent; with CI=true that is a failure."""
    reason = missing()
    if reason and os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)


# --- LINE ---------------------------------------------------------------------------------


def line_errors(method: str, path: str, body: object, headers: Mapping[str, str] | None = None) -> list[str]:
    """Everything LINE would refuse in one call: the strict schema, then the limits of the prose."""
    operation = _operation(method.lower(), path)
    if operation is None:
        return [f"LINE has no {method} {path}"]
    errors = [] if operation == "" else _schema_errors(operation, body)
    headers = {name.lower(): value for name, value in (headers or {}).items()}
    return errors + list(_line_prose(path, body)) + list(_retry_key(path, headers))


@lru_cache(maxsize=1)
def _line() -> JSON:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loaded: JSON = yaml.load((SPECS / "messaging-api.yml").read_text(encoding="utf-8"), Loader=loader)
    return loaded


@lru_cache(maxsize=512)
def _operation(method: str, path: str) -> str | None:
    """The name of the schema of the body; "" for an operation without a JSON body; None for no operation."""
    for template, operations in _line()["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if method in operations and re.fullmatch(pattern, path):
            content = operations[method].get("requestBody", {}).get("content", {})
            reference = content.get("application/json", {}).get("schema", {}).get("$ref", "")
            return str(reference.rsplit("/", 1)[-1])
    return None


@lru_cache(maxsize=64)
def _validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": _definitions()})


def _schema_errors(name: str, body: object) -> list[str]:
    return [f"{error.json_path}: {error.message[:300]}" for error in _validator(name).iter_errors(body)]


@lru_cache(maxsize=1)
def _definitions() -> JSON:
    """Every schema, strict; a family (Message, Action…) becomes a dispatcher by `type`."""
    schemas = _line()["components"]["schemas"]
    strict: JSON = {}
    for name, schema in schemas.items():
        strict[name] = _renamed(_dispatcher(schema) if "discriminator" in schema else _flat(schema, schemas))
    return strict


def _dispatcher(schema: JSON) -> JSON:
    by = schema["discriminator"]["propertyName"]
    mapping = schema["discriminator"]["mapping"]
    branches = [
        {"if": {"properties": {by: {"const": value}}, "required": [by]}, "then": {"$ref": reference}}
        for value, reference in mapping.items()
    ]
    return {
        "type": "object",
        "required": [by],
        "properties": {by: {"enum": list(mapping)}},
        "allOf": branches,
    }


def _flat(schema: JSON, schemas: JSON) -> JSON:
    """The schema and all it is made of as one object that takes nothing else."""
    if "allOf" not in schema and "properties" not in schema:
        return schema
    properties: JSON = {}
    required: list[str] = []
    for part in (*schema.get("allOf", ()), schema):
        if "$ref" in part:
            part = _flat({**schemas[part["$ref"].rsplit("/", 1)[-1]]}, schemas)
        if "allOf" in part and part is not schema:
            part = _flat(part, schemas)
        properties.update(part.get("properties", {}))
        required += part.get("required", [])
    flat: JSON = {"type": "object", "properties": properties, "additionalProperties": False}
    if required:
        flat["required"] = sorted(set(required))
    return flat


def _renamed(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: value.replace("#/components/schemas/", "#/$defs/") if key == "$ref" else _renamed(value)
            for key, value in node.items()
            if key not in ("discriminator", "externalDocs", "description", "example")
            or (isinstance(value, dict) and key == "description" and "type" in value)
        }
    return [_renamed(each) for each in node] if isinstance(node, list) else node


TYPE_SIZES = {"xxs", "xs", "sm", "md", "lg", "xl", "xxl", "3xl", "4xl", "5xl"}
SPACES = {"none", "xs", "sm", "md", "lg", "xl", "xxl"}
PIXELS = re.compile(r"^\d+(\.\d+)?(px|%)$")
COLOUR = re.compile(r"^#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?$")
UUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
KEYED = {"/v2/bot/message/push", "/v2/bot/message/multicast", "/v2/bot/message/broadcast"}


def units(text: str) -> int:
    """Length in UTF-16 units, as both platforms count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _retry_key(path: str, headers: Mapping[str, str]) -> Iterator[str]:
    key = headers.get("x-line-retry-key")
    if key is None:
        return
    if path not in KEYED:
        yield f"{path} takes no X-Line-Retry-Key"
    if not UUID.match(key):
        yield "X-Line-Retry-Key is no UUID"


def _line_prose(path: str, body: object) -> Iterator[str]:
    if not isinstance(body, dict):
        return
    if "loadingSeconds" in body and body["loadingSeconds"] % 5:
        yield "loadingSeconds is no multiple of 5"
    if len(set(map(str, body.get("to", [])))) != len(body["to"]) if isinstance(body.get("to"), list) else False:
        yield "a recipient stands twice in `to`"
    messages = body.get("messages")
    for message in messages if isinstance(messages, list) else ():
        yield from _message_prose(message)
    for area in body.get("areas", ()):
        yield from _action_prose(area.get("action", {}), longest_label=20)


def _message_prose(message: JSON) -> Iterator[str]:
    if message.get("type") == "text" and not 1 <= units(message.get("text", "")) <= 5000:
        yield "a text message has 1 to 5000 UTF-16 units"
    if message.get("type") == "flex":
        if not 1 <= len(message.get("altText", "")) <= 400:
            yield "altText has 1 to 400 characters"
        yield from _container_prose(message.get("contents", {}))
    for url in ("originalContentUrl", "previewImageUrl"):
        if url in message and (not message[url].startswith("https://") or len(message[url]) > 2000):
            yield f"{url} is no https address of at most 2000"
    for item in message.get("quickReply", {}).get("items", ()):
        yield from _action_prose(item.get("action", {}), longest_label=20)
    if "quickReply" in message and not message["quickReply"].get("items"):
        yield "a quickReply without items"


def _container_prose(container: JSON) -> Iterator[str]:
    bubbles = container.get("contents", []) if container.get("type") == "carousel" else [container]
    if len(bubbles) > 12:
        yield "more than 12 bubbles"
    for bubble in bubbles:
        if len(json.dumps(bubble)) > 30_000:
            yield "a bubble over 30 KB"
    yield from _flex_prose(container)


def _flex_prose(node: object) -> Iterator[str]:
    """Everything inside a Flex container: one empty text or wrong colour and LINE refuses it all."""
    if isinstance(node, list):
        for each in node:
            yield from _flex_prose(each)
    if not isinstance(node, dict):
        return
    kind = node.get("type")
    if kind == "text" and not node.get("text") and not node.get("contents"):
        yield "an empty text component"
    if kind == "span" and not node.get("text"):
        yield "an empty span"
    if kind == "image" and not node.get("url", "").startswith("https://"):
        yield "an image that is not https"
    if kind in ("text", "span") and not _keyword(node.get("size", "md"), TYPE_SIZES):
        yield f"no such size: {node['size']}"
    for name, value in node.items():
        if name.lower().endswith("color") and not COLOUR.match(str(value)):
            yield f"no colour: {value}"
        if name in ("margin", "spacing", "paddingAll") and not _keyword(value, SPACES):
            yield f"no such {name}: {value}"
    if isinstance(node.get("action"), dict):
        yield from _action_prose(node["action"], longest_label=40)
        if kind == "button" and not node["action"].get("label"):
            yield "a button without a label"
    for value in node.values():
        yield from _flex_prose(value)


def _keyword(value: object, words: set[str]) -> bool:
    return isinstance(value, str) and (value in words or bool(PIXELS.match(value)))


def _action_prose(action: JSON, longest_label: int) -> Iterator[str]:
    label = action.get("label")
    if label is not None and not 1 <= len(label) <= longest_label:
        yield f"label of {len(label)} characters, at most {longest_label}: {label}"
    if action.get("type") == "postback" and not 1 <= len(action.get("data", "")) <= 300:
        yield "postback data has 1 to 300 characters"
    for name in ("displayText", "text"):
        if not 0 < len(action.get(name, "x")) <= 300:
            yield f"{name} has 1 to 300 characters"
    if action.get("type") == "uri":
        uri = action.get("uri", "")
        if not 1 <= len(uri) <= 1000 or not re.match(r"^(https?://\S+|line://\S+|tel:[0-9+*%#-]+)$", uri):
            yield f"uri that LINE refuses: {uri[:80]}"


# --- Telegram -----------------------------------------------------------------------------

PLAIN_TYPES = {"Integer": int, "Float": (int, float), "Boolean": bool, "String": str}
TELEGRAM_TAGS = {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a"} | {
    "tg-spoiler",
    "span",
    "tg-emoji",
    "blockquote",
}


def telegram_errors(method: str, parameters: Mapping[str, Any]) -> list[str]:
    """Everything Telegram would refuse in one call. Values may be JSON in strings, as in a form."""
    described = _telegram()["methods"].get(method)
    if described is None:
        return [f"Telegram has no method {method}"]
    fields = {field["name"]: field for field in described.get("fields", [])}
    errors = [f"{method} takes no {name}" for name in parameters if name not in fields]
    errors += [f"{method} needs {n}" for n, f in fields.items() if f["required"] and n not in parameters]
    for name, value in parameters.items():
        if name in fields:
            errors += _typed(unpacked(value, fields[name]["types"]), fields[name]["types"], name)
    return errors + list(_telegram_prose(method, parameters))


@lru_cache(maxsize=1)
def _telegram() -> JSON:
    loaded: JSON = json.loads((SPECS / "telegram-api.json").read_text(encoding="utf-8"))
    return loaded


def unpacked(value: Any, types: list[str] | None = None) -> Any:
    """A form's string as what it stands for: numbers, booleans and JSON; text stays text."""
    if not isinstance(value, str) or types == ["String"]:
        return value
    wants_json = types is None or any(each not in ("String",) for each in types)
    try:
        return json.loads(value) if wants_json else value
    except ValueError:
        return value


def _typed(value: Any, types: list[str], where: str) -> list[str]:
    """Empty when the value is of one of the types, else the errors of the one that it comes nearest to."""
    attempts = [list(_against(value, each, where)) for each in types]
    return min(attempts, key=len)


def _against(value: Any, kind: str, where: str) -> Iterator[str]:
    if kind.startswith("Array of "):
        if not isinstance(value, list):
            yield f"{where} is no list"
            return
        for index, each in enumerate(value):
            yield from _against(each, kind.removeprefix("Array of "), f"{where}[{index}]")
    elif kind in PLAIN_TYPES:
        wrong_boolean = kind in ("Integer", "Float") and isinstance(value, bool)
        if wrong_boolean or not isinstance(value, PLAIN_TYPES[kind]):  # type: ignore[arg-type]
            yield f"{where} is no {kind}"
    elif kind in _telegram()["types"]:
        yield from _object(value, kind, where)


def _object(value: Any, kind: str, where: str) -> Iterator[str]:
    described = _telegram()["types"][kind]
    if described.get("subtypes"):
        yield from _typed(value, described["subtypes"], where)
        return
    if not isinstance(value, dict):
        yield f"{where} is no {kind}"
        return
    fields = {field["name"]: field for field in described.get("fields", [])}
    for name, each in value.items():
        if name not in fields:
            yield f"{where}: {kind} has no {name}"
        else:
            yield from _typed(each, fields[name]["types"], f"{where}.{name}")
    for name, field in fields.items():
        if field["required"] and name not in value:
            yield f"{where}: {kind} needs {name}"


def _telegram_prose(method: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    text = parameters.get("text")
    if method == "sendMessage" and isinstance(text, str):
        if parameters.get("parse_mode") == "HTML":
            shown, faults = telegram_text(text)
            yield from faults
        else:
            shown = text
        if not 1 <= units(shown.strip()) <= 4096:
            yield f"text of {units(shown)} UTF-16 units, 1 to 4096"
    if method == "answerCallbackQuery" and isinstance(text, str) and len(text) > 200:
        yield "the note on a pressed button has at most 200 characters"
    markup = unpacked(parameters.get("reply_markup", {}))
    for row in markup.get("inline_keyboard", ()) if isinstance(markup, dict) else ():
        for button in row:
            yield from _keyboard_prose(button)
    commands = unpacked(parameters.get("commands", []))
    for command in commands if isinstance(commands, list) else ():
        if not re.match(r"^[a-z0-9_]{1,32}$", command["command"]) or not 1 <= len(command["description"]) <= 256:
            yield f"no such command: {command}"
    if not re.match(r"^[A-Za-z0-9_-]{1,256}$", str(parameters.get("secret_token", "x"))):
        yield "secret_token: 1 to 256 of A-Z a-z 0-9 _ -"


def _keyboard_prose(button: JSON) -> Iterator[str]:
    if not button.get("text", "").strip():
        yield "a button without words"
    if len([name for name in button if name not in ("text", "style", "icon_custom_emoji_id")]) != 1:
        yield "a button does exactly one thing"
    if not 1 <= len(button.get("callback_data", "x").encode()) <= 64:
        yield "callback_data has 1 to 64 bytes"
    if "url" in button and not re.match(r"^(https?|tg)://[^\s/]+\.[^\s]+", button["url"]):
        yield f"url that Telegram refuses: {button['url'][:80]}"


class _TelegramHtml(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.shown: list[str] = []
        self.open: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TELEGRAM_TAGS:
            self.faults.append(f"Telegram knows no <{tag}>")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        if "<" in data or (">" in data and "<" in data):
            self.faults.append("a bare <")
        self.shown.append(data)

    def handle_entityref(self, name: str) -> None:
        known = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
        if name not in known:
            self.faults.append(f"Telegram knows no &{name};")
        self.shown.append(known.get(name, ""))

    def handle_charref(self, name: str) -> None:
        number = int(name[1:], 16) if name[:1] in "xX" else int(name)
        self.shown.append(chr(number))

    def handle_comment(self, data: str) -> None:
        self.faults.append("a comment")

    def handle_decl(self, decl: str) -> None:
        self.faults.append("a declaration")


def telegram_text(markup: str) -> tuple[str, list[str]]:
    """What Telegram shows of a text in its HTML, and why it would refuse it."""
    parser = _TelegramHtml()
    parser.feed(markup)
    parser.close()
    return "".join(parser.shown), parser.faults + [f"<{tag}> stays open" for tag in parser.open]
