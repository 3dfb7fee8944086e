"""LINE and Telegram as we know them, for tests: real HTTP, a memory, their rules, and faults on demand.

    async with FakeLine() as line:                       # LINE_API_URL=line.url
        line.webhook = "http://127.0.0.1:8080/webhooks/line"
        answer = await line.says("U1", "is this a scam?")
        assert "1441" in answer.text

Every body that comes in is checked against the platform's specification (see `platform_specs`); what would be
refused is answered 400 and kept in `.violations`. `line.fault(Fault(status=429))` meets the next call.
Run as a program (`python tests/doubles.py --line 9101 --telegram 9102`) both stand for another process, say a
benchmark; `GET /_calls` then counts what came in.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import itertools
import json
import time
import uuid
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
import platform_specs
from aiohttp import web

JSON = dict[str, Any]
# Longer than the senders' own time-out: who hangs here has given up before we answer.
HANG_SECONDS = 30.0


@dataclass(frozen=True)
class Fault:
    """What the next call meets. `accepted`: it takes effect all the same, only the answer is spoilt.

    `status` 0 closes the connection without an answer; `hang` answers nothing for that many seconds first.
    `only` limits it to calls whose path ends so ("reply", "push", "sendMessage").
    """

    status: int = 0
    body: str | None = None  # None: what the platform usually says
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: float = 0
    accepted: bool = False
    only: str = ""


@dataclass(frozen=True)
class Call:
    """One call that came in, as it was and as it was answered."""

    name: str
    path: str
    body: JSON
    headers: Mapping[str, str]
    status: int
    at: float


@dataclass(frozen=True)
class Answer:
    """What a person sees: `messages` as sent, `via` "reply", "push" or "send"."""

    to: str
    via: str
    messages: list[JSON]
    at: float

    @property
    def text(self) -> str:
        """Every word shown, one piece a line, alternative text and button labels included."""
        return "\n".join(_words(self.messages))

    @property
    def alt(self) -> str:
        return str(self.messages[0].get("altText", ""))

    @property
    def buttons(self) -> dict[str, str]:
        """Label → what a tap sends back (or the address that it opens)."""
        return dict(_buttons(self.messages))


class _Platform(ABC):
    """An HTTP server on the loopback, in the running loop."""

    name = ""

    def __init__(self, *, port: int = 0, validate: bool = True) -> None:
        self._port = port
        self._validate = validate and not platform_specs.missing()
        self._runner: web.AppRunner | None = None
        self._faults: list[Fault] = []
        self._arrived = asyncio.Condition()
        self._numbers = itertools.count(int(time.time()))
        self.calls: list[Call] = []
        self.answers: list[Answer] = []
        self.violations: list[str] = []
        self.webhook = ""
        self.answer_after = 0.0  # seconds that every answer takes
        self.statuses: list[int] = []  # what our own webhook calls were answered

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=20 * 1024**2)
        app.router.add_get("/_calls", self._counted)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        # Let go of a connection before the program under test does: both ends at once would lose the call.
        self._client = aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=2))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()
        if self._runner is not None:
            await self._runner.cleanup()

    def fault(self, fault: Fault, times: int = 1) -> None:
        """The next calls (that match `fault.only`) meet it."""
        self._faults += [fault] * times

    def clear_faults(self) -> None:
        """What has not met a call yet never will."""
        self._faults.clear()

    def called(self, name: str) -> list[Call]:
        return [call for call in self.calls if call.name == name]

    async def until_called(self, name: str, times: int = 1, seconds: float = 30.0) -> None:
        """Waits until a call has come in so often. Raises TimeoutError when it does not."""
        async with asyncio.timeout(seconds), self._arrived:
            await self._arrived.wait_for(lambda: len(self.called(name)) >= times)

    # How long anybody waits for an answer, on a machine that does other things too; more where a crowd asks at once.
    patience = 30.0

    async def next_answer(self, before: int, to: str, seconds: float | None = None) -> Answer:
        """The first answer to a chat after the `before` first ones. Raises TimeoutError when none comes."""

        def there() -> Answer | None:
            return next((answer for answer in self.answers[before:] if answer.to == to), None)

        async with asyncio.timeout(seconds or self.patience), self._arrived:
            await self._arrived.wait_for(lambda: there() is not None)
        answer = there()
        assert answer is not None
        return answer

    async def post(self, body: JSON | bytes, headers: Mapping[str, str]) -> int:
        """One webhook call to the program under test; returns the status."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self._client.post(self.webhook, data=data, headers=dict(headers)) as response:
            await response.read()
            self.statuses.append(response.status)
            return response.status

    async def _counted(self, request: web.Request) -> web.Response:
        return web.json_response(dict(Counter(call.name for call in self.calls)))

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        body = await self._body(request)
        name = path.rstrip("/").rsplit("/", 1)[-1]
        if self.answer_after:
            await asyncio.sleep(self.answer_after)
        fault = self._next_fault(path)
        if fault is None:
            response = await self._answer(request, path, body)
        else:
            if fault.accepted:
                await self._answer(request, path, body)
            response = self._spoilt(fault)
        status = response.status if response is not None else 0
        self.calls.append(Call(name, path, body, dict(request.headers), status, time.monotonic()))
        async with self._arrived:
            self._arrived.notify_all()
        if fault is not None and fault.hang:
            await asyncio.sleep(fault.hang)
        if response is None:
            if request.transport is not None:
                request.transport.close()
            return web.Response(status=500)
        return response

    @abstractmethod
    async def _body(self, request: web.Request) -> JSON:
        """What came in, as the platform reads it."""

    @abstractmethod
    async def _answer(self, request: web.Request, path: str, body: JSON) -> web.Response:
        """What the platform answers to a call that met no fault."""

    def _next_fault(self, path: str) -> Fault | None:
        for fault in self._faults:
            if path.endswith(fault.only):
                self._faults.remove(fault)
                return fault
        return None

    def _spoilt(self, fault: Fault) -> web.Response | None:
        if fault.status == 0:
            return None
        text = self._usual_body(fault.status) if fault.body is None else fault.body
        return web.Response(
            status=fault.status, text=text, content_type=fault.content_type, headers=dict(fault.headers)
        )

    @abstractmethod
    def _usual_body(self, status: int) -> str:
        """What the platform says with this status."""

    async def _delivered(self, to: str, via: str, messages: list[JSON]) -> None:
        async with self._arrived:
            self.answers.append(Answer(to, via, messages, time.monotonic()))
            self._arrived.notify_all()


# --- LINE ---------------------------------------------------------------------------------


class FakeLine(_Platform):
    """LINE's Messaging API with what it remembers: tokens, retry keys, the month's quota, rich menus."""

    name = "line"

    def __init__(
        self,
        secret: str = "line-secret",
        *,
        port: int = 0,
        validate: bool = True,
        token_life: float | None = 60.0,
        quota: int | None = None,
    ) -> None:
        super().__init__(port=port, validate=validate)
        self.secret = secret
        self.token_life = token_life
        self.quota = quota
        self.pushed = 0
        self.blocked: set[str] = set()
        self.unknown: set[str] = set()  # ids that LINE has never seen
        self.tokens: dict[str, tuple[str, float]] = {}
        self.used: set[str] = set()
        self.keys: dict[str, JSON] = {}
        self.rich_menus: dict[str, JSON] = {}
        self.images: dict[str, bytes] = {}
        self.default_menu = ""
        self.endpoint = ""
        self.endpoint_active = True
        self.endpoint_test: JSON = {"success": True, "statusCode": 200, "reason": "OK", "detail": "200"}
        self.profiles: dict[str, str] = {}
        self.content: dict[str, bytes] = {}
        self.left: list[str] = []  # groups that we went out of

    # what LINE sends

    def token(self, chat: str, age: float = 0) -> str:
        """A reply token that LINE gave `age` seconds ago."""
        token = uuid.uuid4().hex
        self.tokens[token] = (chat, time.monotonic() - age)
        return token

    def event(self, kind: str, user: str, *, group: str = "", age: float = 0, **more: Any) -> JSON:
        """A webhook event; those that carry a reply token get one."""
        source = {"type": "group", "groupId": group, "userId": user} if group else {"type": "user", "userId": user}
        event: JSON = {
            "type": kind,
            "timestamp": int(time.time() * 1000),
            "mode": "active",
            "webhookEventId": f"01{uuid.uuid4().hex[:24].upper()}",
            "deliveryContext": {"isRedelivery": False},
            "source": {**source, "userId": user},
            **more,
        }
        if kind not in ("unfollow", "leave", "memberLeft", "unsend"):
            event["replyToken"] = self.token(group or user, age)
        return event

    def text_event(self, user: str, text: str, *, group: str = "", mention: bool = False, age: float = 0) -> JSON:
        message: JSON = {"type": "text", "id": str(next(self._numbers)), "text": text, "quoteToken": "q"}
        if mention:
            message["text"] = f"@Rutan {text}"
            mentionee = {"type": "user", "index": 0, "length": 6, "userId": "Ubot", "isSelf": True}
            message["mention"] = {"mentionees": [mentionee]}
        return self.event("message", user, group=group, age=age, message=message)

    async def send(self, *events: JSON) -> int:
        """One signed POST to the webhook; returns the status."""
        body = json.dumps({"destination": "U" + "0" * 32, "events": list(events)}).encode()
        signature = base64.b64encode(hmac.new(self.secret.encode(), body, hashlib.sha256).digest()).decode()
        return await self.post(body, {"Content-Type": "application/json", "X-Line-Signature": signature})

    async def says(self, user: str, text: str, *, group: str = "", mention: bool = False) -> Answer:
        """A person writes; what they see in answer. Raises TimeoutError when nothing comes."""
        return await self._heard(self.text_event(user, text, group=group, mention=mention), group or user)

    async def taps(self, user: str, data: str, *, group: str = "") -> Answer:
        """A person presses a button whose data is `data`."""
        return await self._heard(self.event("postback", user, group=group, postback={"data": data}), group or user)

    async def presses(self, user: str, answer: Answer, label: str) -> Answer:
        """A person presses the button of an answer that has this label (or begins so)."""
        data = next(data for name, data in answer.buttons.items() if name.startswith(label))
        return await self.taps(user, data)

    async def sends(self, user: str, kind: str, **message: Any) -> Answer:
        """A person sends a sticker, picture, voice, place…"""
        body = {"type": kind, "id": str(next(self._numbers)), **message}
        return await self._heard(self.event("message", user, message=body), user)

    def picture(self, content: bytes, **more: Any) -> JSON:
        """A picture as LINE announces it; its bytes are handed out when asked for."""
        number = str(next(self._numbers))
        self.content[number] = content
        return {"type": "image", "id": number, "contentProvider": {"type": "line"}, "quoteToken": "q", **more}

    async def shows(self, user: str, content: bytes) -> Answer:
        """A person sends a picture."""
        return await self._heard(self.event("message", user, message=self.picture(content)), user)

    async def _heard(self, event: JSON, chat: str) -> Answer:
        before = len(self.answers)
        status = await self.send(event)
        assert status == 200, f"the webhook answered {status}"
        return await self.next_answer(before, chat)

    # what LINE takes

    async def _body(self, request: web.Request) -> JSON:
        raw = await request.read()
        if request.content_type != "application/json":
            return {"bytes": len(raw), "content_type": request.content_type, "raw": raw}
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            return {"broken": True}
        return body if isinstance(body, dict) else {"broken": True}

    async def _answer(self, request: web.Request, path: str, body: JSON) -> web.Response:
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return _line_error(401, "Authentication failed. Confirm that the access token is valid.")
        if errors := self._errors(request, path, body):
            self.violations += [f"{path}: {error}" for error in errors]
            details = [{"message": error, "property": "messages[0]"} for error in errors]
            return _line_error(400, f"The request body has {len(errors)} error(s)", details)
        return await self._handle(request, path, body)

    def _errors(self, request: web.Request, path: str, body: JSON) -> list[str]:
        if not self._validate:
            return []
        if "raw" in body:
            return []
        return platform_specs.line_errors(request.method, path, body, request.headers)

    async def _handle(self, request: web.Request, path: str, body: JSON) -> web.Response:
        handlers: dict[str, Callable[[web.Request, JSON], Awaitable[web.Response]]] = {
            "/v2/bot/message/reply": self._reply,
            "/v2/bot/message/push": self._push,
            "/v2/bot/message/multicast": self._multicast,
            "/v2/bot/chat/loading/start": self._accepted,
            "/v2/bot/message/quota": self._quota,
            "/v2/bot/message/quota/consumption": self._consumption,
            "/v2/bot/info": self._info,
            "/v2/bot/channel/webhook/endpoint": self._endpoint,
            "/v2/bot/channel/webhook/test": self._test,
        }
        if path in handlers:
            return await handlers[path](request, body)
        if "richmenu" in path:
            return self._rich_menu(request, path, body)
        if path.startswith("/v2/bot/profile/"):
            user = path.rsplit("/", 1)[-1]
            return web.json_response({"userId": user, "displayName": self.profiles.get(user, user)})
        if path.endswith("/leave"):
            self.left.append(path.split("/")[-2])
            return web.json_response({})
        if path.startswith("/v2/bot/message/") and path.endswith("/content"):
            content = self.content.get(path.split("/")[-2])
            return web.Response(body=content) if content is not None else _line_error(404, "Not found")
        return _line_error(404, "Not found")

    async def _reply(self, request: web.Request, body: JSON) -> web.Response:
        token = body["replyToken"]
        chat, issued = self.tokens.get(token, ("", 0.0))
        too_old = self.token_life is not None and time.monotonic() - issued > self.token_life
        if not chat or token in self.used or too_old:
            return _line_error(400, "Invalid reply token")
        self.used.add(token)
        await self._delivered(chat, "reply", body["messages"])
        return web.json_response(self._sent(body))

    async def _push(self, request: web.Request, body: JSON) -> web.Response:
        recipients = body["to"] if isinstance(body["to"], list) else [body["to"]]
        key = request.headers.get("X-Line-Retry-Key", "")
        if key in self.keys:
            headers = {"x-line-accepted-request-id": self.keys[key]["request"]}
            said = {"message": "The retry key is already accepted", **self.keys[key]["sent"]}
            return web.json_response(said, status=409, headers=headers)
        if self.quota is not None and self.pushed + len(recipients) > self.quota:
            return _line_error(429, "You have reached your monthly limit.")
        if len(recipients) == 1 and recipients[0] in self.blocked:
            return _line_error(400, "Failed to send messages")
        sent = self._sent(body)
        if key:
            self.keys[key] = {"request": uuid.uuid4().hex, "sent": sent}
        self.pushed += len(recipients)
        for recipient in recipients:
            if recipient not in self.blocked:
                await self._delivered(recipient, "push", body["messages"])
        return web.json_response(sent if isinstance(body["to"], str) else {})

    async def _multicast(self, request: web.Request, body: JSON) -> web.Response:
        """To many at once. One address that LINE does not know refuses all; who blocked us gets nothing and no one is told."""
        key = request.headers.get("X-Line-Retry-Key", "")
        if key in self.keys:
            headers = {"x-line-accepted-request-id": self.keys[key]["request"]}
            return web.json_response({"message": "The retry key is already accepted"}, status=409, headers=headers)
        if wrong := [index for index, chat in enumerate(body["to"]) if chat in self.unknown]:
            said = f"The property, 'to[{wrong[0]}]', in the request body is invalid"
            return _line_error(400, said)
        if self.quota is not None and self.pushed + len(body["to"]) > self.quota:
            return _line_error(429, "You have reached your monthly limit.")
        name = uuid.uuid4().hex
        if key:
            self.keys[key] = {"request": name, "sent": {}}
        self.pushed += len(body["to"])
        now = time.monotonic()
        got = [Answer(chat, "multicast", body["messages"], now) for chat in body["to"] if chat not in self.blocked]
        async with self._arrived:
            self.answers += got
            self._arrived.notify_all()
        return web.json_response({}, headers={"x-line-request-id": name})

    def _sent(self, body: JSON) -> JSON:
        return {"sentMessages": [{"id": str(next(self._numbers)), "quoteToken": "q"} for _ in body["messages"]]}

    async def _accepted(self, request: web.Request, body: JSON) -> web.Response:
        return web.json_response({}, status=202)

    async def _quota(self, request: web.Request, body: JSON) -> web.Response:
        limited = {"type": "limited", "value": self.quota}
        return web.json_response(limited if self.quota is not None else {"type": "none"})

    async def _consumption(self, request: web.Request, body: JSON) -> web.Response:
        return web.json_response({"totalUsage": self.pushed})

    async def _info(self, request: web.Request, body: JSON) -> web.Response:
        bot = {"userId": "U" + "b" * 32, "basicId": "@000rutan", "displayName": "Rutan"}
        return web.json_response({**bot, "chatMode": "bot", "markAsReadMode": "auto"})

    async def _endpoint(self, request: web.Request, body: JSON) -> web.Response:
        if request.method == "PUT":
            self.endpoint = body["endpoint"]
            return web.json_response({})
        if not self.endpoint:
            return _line_error(404, "Not found")
        return web.json_response({"endpoint": self.endpoint, "active": self.endpoint_active})

    async def _test(self, request: web.Request, body: JSON) -> web.Response:
        return web.json_response({"timestamp": "2026-01-01T00:00:00Z", **self.endpoint_test})

    def _rich_menu(self, request: web.Request, path: str, body: JSON) -> web.Response:
        parts = path.split("/")
        if path == "/v2/bot/richmenu" and request.method == "POST":
            menu = f"richmenu-{uuid.uuid4().hex}"
            self.rich_menus[menu] = body
            return web.json_response({"richMenuId": menu})
        if path == "/v2/bot/richmenu/list":
            menus = [{"richMenuId": menu, **body} for menu, body in self.rich_menus.items()]
            return web.json_response({"richmenus": menus})
        if parts[3:5] == ["user", "all"]:
            return self._default_menu(request, parts[-1])
        menu = parts[4]
        if menu not in self.rich_menus:
            return _line_error(404, "richmenu not found")
        if parts[-1] == "content" and request.method == "POST":
            if menu in self.images:
                return _line_error(400, "An image has already been uploaded to the richmenu")
            if body.get("content_type") not in ("image/png", "image/jpeg") or body["bytes"] > 1024 * 1024:
                return _line_error(400, "The request body is no image of at most 1 MB")
            self.images[menu] = body["raw"]
            return web.json_response({})
        if request.method == "DELETE":
            del self.rich_menus[menu]
            return web.json_response({})
        return web.json_response({"richMenuId": menu, **self.rich_menus[menu]})

    def _default_menu(self, request: web.Request, menu: str) -> web.Response:
        if request.method == "POST":
            if menu not in self.images:
                return _line_error(400, "must upload richmenu image before applying it to user")
            self.default_menu = menu
            return web.json_response({})
        if request.method == "DELETE":
            self.default_menu = ""
            return web.json_response({})
        if not self.default_menu:
            return _line_error(404, "no default richmenu")
        return web.json_response({"richMenuId": self.default_menu})

    def _usual_body(self, status: int) -> str:
        said = {429: "The API rate limit has been exceeded. Try again later.", 403: "Not authorized to use"}
        return json.dumps({"message": said.get(status, "Internal error")})


def _line_error(status: int, message: str, details: list[JSON] | None = None) -> web.Response:
    return web.json_response({"message": message, **({"details": details} if details else {})}, status=status)


# --- Telegram -----------------------------------------------------------------------------


class FakeTelegram(_Platform):
    """Telegram's Bot API with its memory: webhook, waiting updates, groups that moved, who blocked us."""

    name = "telegram"

    def __init__(
        self,
        token: str = "123456:telegram-token",
        secret: str = "telegram-secret",
        *,
        username: str = "RutanBot",
        port: int = 0,
        validate: bool = True,
    ) -> None:
        super().__init__(port=port, validate=validate)
        self.token = token
        self.secret = secret
        self.username = username
        self.updates: list[JSON] = []
        self.blocked: set[str] = set()
        self.migrated: dict[str, int] = {}
        self.answered: list[str] = []
        self.commands: dict[tuple[str, str], list[JSON]] = {}
        self.webhook_set = ""
        self.webhook_secret = ""
        self.files: dict[str, bytes] = {}
        self.admins: set[int] = set()
        self.left: list[str] = []  # groups that we went out of
        self.overhears = False  # privacy mode, as Telegram gives it to new bots

    # what Telegram sends

    def update(self, **content: Any) -> JSON:
        return {"update_id": next(self._numbers), **content}

    def message(self, user: int, text: str = "", *, group: int = 0, language: str = "th", **more: Any) -> JSON:
        """A message as Telegram delivers it, commands and mentions marked."""
        sender = {"id": user, "is_bot": False, "first_name": f"Person {user}", "language_code": language}
        chat: JSON = {"id": user, "type": "private", "first_name": f"Person {user}"}
        if group:
            chat = {"id": group, "type": "supergroup", "title": "Group"}
        message: JSON = {
            "message_id": next(self._numbers),
            "date": int(time.time()),
            "from": sender,
            "chat": chat,
        }
        if text:
            message["text"] = text
            if entities := self._entities(text):
                message["entities"] = entities
        return {**message, **more}

    def _entities(self, text: str) -> list[JSON]:
        entities: list[JSON] = []
        if text.startswith("/"):
            entities.append({"type": "bot_command", "offset": 0, "length": len(text.split()[0])})
        mention = f"@{self.username}"
        if mention in text and not text.startswith("/"):
            offset = platform_specs.units(text[: text.index(mention)])
            entities.append({"type": "mention", "offset": offset, "length": len(mention)})
        return entities

    async def send(self, update: JSON) -> int:
        """To the webhook when there is one; else it waits for getUpdates."""
        if self.webhook:
            secret = {"X-Telegram-Bot-Api-Secret-Token": self.secret}
            return await self.post(update, {"Content-Type": "application/json", **secret})
        async with self._arrived:
            self.updates.append(update)
            self._arrived.notify_all()
        return 200

    async def says(self, user: int, text: str, *, group: int = 0, **more: Any) -> Answer:
        """A person writes; what they see in answer. Raises TimeoutError when nothing comes."""
        return await self.hears(self.update(message=self.message(user, text, group=group, **more)), group or user)

    async def taps(self, user: int, data: str, *, group: int = 0) -> Answer:
        """A person presses a button whose data is `data`."""
        tap = {
            "id": str(next(self._numbers)),
            "from": self.message(user)["from"],
            "chat_instance": "1",
            "data": data,
            "message": self.message(user, "…", group=group),
        }
        return await self.hears(self.update(callback_query=tap), group or user)

    async def presses(self, user: int, answer: Answer, label: str) -> Answer:
        """A person presses the button of an answer that has this label (or begins so)."""
        data = next(data for name, data in answer.buttons.items() if name.startswith(label))
        return await self.taps(user, data)

    def photo(self, content: bytes) -> list[JSON]:
        """A picture as Telegram announces it, in two sizes; the bytes of the larger are handed out when asked for."""
        name = f"photo{next(self._numbers)}"
        self.files[name] = content
        small = {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 160}
        return [
            small,
            {"file_id": name, "file_unique_id": name, "width": 1080, "height": 1920, "file_size": len(content)},
        ]

    async def shows(self, user: int, content: bytes, caption: str = "", *, group: int = 0, **more: Any) -> Answer:
        """A person sends a picture, with words beside it or without."""
        more = {"caption": caption, **more} if caption else more
        message = self.message(user, group=group, photo=self.photo(content), **more)
        return await self.hears(self.update(message=message), group or user)

    async def hears(self, update: JSON, chat: int) -> Answer:
        before = len(self.answers)
        status = await self.send(update)
        assert status == 200, f"the webhook answered {status}"
        return await self.next_answer(before, str(chat))

    # what Telegram takes

    async def _body(self, request: web.Request) -> JSON:
        if request.content_type == "application/json":
            try:
                body = json.loads(await request.read() or b"{}")
            except ValueError:
                return {}
            return body if isinstance(body, dict) else {}
        return {**request.query, **dict(await request.post())}

    async def _answer(self, request: web.Request, path: str, body: JSON) -> web.Response:
        if path.startswith(f"/file/bot{self.token}/"):
            content = self.files.get(path.rsplit("/", 1)[-1])
            return web.Response(body=content) if content is not None else _telegram_error(404, "Not Found")
        if not path.startswith(f"/bot{self.token}/"):
            return _telegram_error(401, "Unauthorized")
        method = path.rsplit("/", 1)[-1]
        errors = platform_specs.telegram_errors(method, body) if self._validate else []
        if errors:
            self.violations += [f"{method}: {error}" for error in errors]
            return _telegram_error(400, f"Bad Request: {'; '.join(errors)}")
        handler = getattr(self, f"_do_{method.lower()}", None)
        if handler is None:
            return _telegram_error(404, "Not Found: method not found")
        answer: web.Response = await handler(body)
        return answer

    async def _do_getme(self, body: JSON) -> web.Response:
        groups = {"can_join_groups": True, "can_read_all_group_messages": self.overhears}
        me = {
            "id": int(self.token.split(":")[0]),
            "is_bot": True,
            "first_name": "Rutan",
            "username": self.username,
        }
        return _ok({**me, **groups, "supports_inline_queries": False})

    async def _do_sendmessage(self, body: JSON) -> web.Response:
        chat = str(body["chat_id"])
        if chat in self.blocked:
            return _telegram_error(403, "Forbidden: bot was blocked by the user")
        if chat in self.migrated:
            more = {"migrate_to_chat_id": self.migrated[chat]}
            return _telegram_error(400, "Bad Request: group chat was upgraded to a supergroup chat", more)
        message = {name: platform_specs.unpacked(value) for name, value in body.items() if name != "text"}
        if body.get("parse_mode") == "HTML":
            shown, _ = platform_specs.telegram_text(body["text"])
        else:
            shown = body["text"]
        await self._delivered(chat, "send", [{**message, "text": shown, "markup": body["text"]}])
        kind = "private" if int(chat) > 0 else "supergroup"
        sent = {"message_id": next(self._numbers), "date": int(time.time()), "text": shown}
        return _ok({**sent, "chat": {"id": int(chat), "type": kind, "title": "Group"}})

    async def _do_answercallbackquery(self, body: JSON) -> web.Response:
        self.answered.append(body["callback_query_id"])
        return _ok(True)

    async def _do_getchatmember(self, body: JSON) -> web.Response:
        number = int(body["user_id"])
        user = {"id": number, "is_bot": False, "first_name": "Somebody"}
        return _ok({"status": "creator" if number in self.admins else "member", "user": user, "is_anonymous": False})

    async def _do_leavechat(self, body: JSON) -> web.Response:
        self.left.append(str(body["chat_id"]))
        return _ok(True)

    async def _do_sendchataction(self, body: JSON) -> web.Response:
        return _ok(True)

    async def _do_setmycommands(self, body: JSON) -> web.Response:
        scope = platform_specs.unpacked(body.get("scope", "{}")).get("type", "default")
        self.commands[(scope, body.get("language_code", ""))] = platform_specs.unpacked(body["commands"])
        return _ok(True)

    async def _do_setwebhook(self, body: JSON) -> web.Response:
        self.webhook_set, self.webhook_secret = body["url"], body.get("secret_token", "")
        return _ok(True)

    async def _do_deletewebhook(self, body: JSON) -> web.Response:
        self.webhook_set = self.webhook_secret = ""
        return _ok(True)

    async def _do_getwebhookinfo(self, body: JSON) -> web.Response:
        waiting = {"pending_update_count": len(self.updates), "has_custom_certificate": False}
        return _ok({"url": self.webhook_set, **waiting})

    async def _do_getupdates(self, body: JSON) -> web.Response:
        if self.webhook_set:
            return _telegram_error(409, "Conflict: can't use getUpdates method while webhook is active")
        offset, wait = int(body.get("offset", 0)), float(body.get("timeout", 0))
        self.updates = [update for update in self.updates if update.get("update_id", offset) >= offset]
        try:
            async with asyncio.timeout(wait), self._arrived:
                await self._arrived.wait_for(lambda: bool(self.updates))
        except TimeoutError:
            pass
        return _ok(self.updates[:100])

    async def _do_getfile(self, body: JSON) -> web.Response:
        file_id = body["file_id"]
        return _ok({"file_id": file_id, "file_unique_id": file_id, "file_path": file_id})

    def _usual_body(self, status: int) -> str:
        more = {"parameters": {"retry_after": 1}} if status == 429 else {}
        said = {429: "Too Many Requests: retry after 1", 403: "Forbidden: bot was blocked by the user"}
        description = said.get(status, "Internal Server Error")
        return json.dumps({"ok": False, "error_code": status, "description": description, **more})


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _telegram_error(status: int, description: str, parameters: JSON | None = None) -> web.Response:
    error: JSON = {"ok": False, "error_code": status, "description": description}
    return web.json_response({**error, **({"parameters": parameters} if parameters else {})}, status=status)


# --- reading answers ----------------------------------------------------------------------


def _words(node: Any) -> list[str]:
    """Every text shown to a person, in the order of the screen."""
    if isinstance(node, list):
        return [word for each in node for word in _words(each)]
    if not isinstance(node, dict):
        return []
    if node.get("type") == "text" and node.get("contents"):
        return ["".join(span["text"] for span in node["contents"])]
    own = [node[name] for name in ("altText", "text", "label") if isinstance(node.get(name), str)]
    return own + [word for value in node.values() for word in _words(value)]


def _buttons(node: Any) -> list[tuple[str, str]]:
    if isinstance(node, list):
        return [pair for each in node for pair in _buttons(each)]
    if not isinstance(node, dict):
        return []
    label = node.get("label") or node.get("text")
    value = node.get("data") or node.get("uri") or node.get("callback_data") or node.get("url")
    own = [(label, value)] if label and value else []
    return own + [pair for child in node.values() for pair in _buttons(child)]


async def _stand(line_port: int, telegram_port: int, answer_after: float) -> None:
    line = FakeLine(port=line_port, validate=False, token_life=None)
    telegram = FakeTelegram(port=telegram_port, validate=False)
    line.answer_after = telegram.answer_after = answer_after
    async with line, telegram:
        print(f"LINE_API_URL={line.url} TELEGRAM_API_URL={telegram.url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Both platforms, for a program in another process.")
    parser.add_argument("--line", type=int, default=9101)
    parser.add_argument("--telegram", type=int, default=9102)
    parser.add_argument("--answer-after", type=float, default=0.0, help="seconds that every answer takes")
    chosen = parser.parse_args()
    asyncio.run(_stand(chosen.line, chosen.telegram, chosen.answer_after))
