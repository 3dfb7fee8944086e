"""`rutan line setup`: the rich menu under LINE's chat, and a check that LINE reaches our webhook.

May be run again at any time: what stands already is left alone, what is ours and outdated is removed.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from linebot.v3.messaging import (
    ApiException,
    AsyncApiClient,
    AsyncMessagingApi,
    AsyncMessagingApiBlob,
    RichMenuRequest,
    SetWebhookEndpointRequest,
    TestWebhookEndpointRequest,
)

from bot.line import configuration
from handlers.errors import RutanError

IMAGE = Path(__file__).parent / "static" / "richmenu.png"
WIDTH, HEIGHT = 2500, 843
COLUMNS, ROWS = 3, 2
WEBHOOK_PATH = "/webhooks/line"
SECONDS = 20.0
# By this beginning we know our own menus among those that others may have made for the account.
NAME = "rutan-"


@dataclass(frozen=True)
class Area:
    """One field of the menu: two labels, and what a tap says (a word of the contract) or dials."""

    thai: str
    english: str
    says: str = ""
    dials: str = ""

    @property
    def action(self) -> dict[str, str]:
        if self.dials:
            return {"type": "uri", "label": self.thai, "uri": f"tel:{self.dials}"}
        return {"type": "message", "label": self.thai, "text": self.says}


# In reading order. `docs/draw_richmenu.py` draws the picture from the same list.
AREAS = (
    Area("ตรวจข้อความ", "Check a message", says="เมนู"),
    Area("โอนเงินไปแล้ว", "I already paid", says="โอนเงินไปแล้ว"),
    Area("โทร 1441", "Call 1441", dials="1441"),
    Area("รายงาน", "Report", says="รายงาน"),
    Area("เรื่องที่แจ้งไว้", "My reports", says="สถานะ"),
    Area("ภาษา", "Language", says="ภาษา"),
)

# What LINE's own test of the webhook may say, and what to do about it.
REASONS = {
    "COULD_NOT_CONNECT": "LINE could not connect: is the address open to the outside, its certificate valid?",
    "REQUEST_TIMEOUT": "no answer within two seconds: is `rutan serve` running behind this address?",
    "UNCLASSIFIED": "LINE gives no reason: look at the proxy in front of `rutan serve`",
}
STATUSES = {
    401: "our webhook refused the signature: LINE_CHANNEL_SECRET is not this channel's",
    404: "nothing answers at this path: is LINE on in `rutan serve`, and does the proxy pass the path on?",
}


def menu() -> dict[str, Any]:
    """The rich menu as LINE takes it; its name tells its content, so that an unchanged one is known again."""
    areas = [
        {"bounds": _bounds(index % COLUMNS, index // COLUMNS), "action": area.action}
        for index, area in enumerate(AREAS)
    ]
    content = json.dumps(areas, ensure_ascii=False).encode() + IMAGE.read_bytes()
    return {
        "size": {"width": WIDTH, "height": HEIGHT},
        "selected": True,
        "name": NAME + hashlib.sha256(content).hexdigest()[:16],
        "chatBarText": "เมนู · Menu",
        "areas": areas,
    }


def _bounds(column: int, row: int) -> dict[str, int]:
    left, top = WIDTH * column // COLUMNS, HEIGHT * row // ROWS
    right, bottom = WIDTH * (column + 1) // COLUMNS, HEIGHT * (row + 1) // ROWS
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


async def run(access_token: str, public_url: str, api_url: str | None = None) -> list[str]:
    """Set up and check; returns what to tell the operator, line by line. RutanError when LINE refuses."""
    try:
        async with AsyncApiClient(configuration(access_token, api_url)) as client:
            api = AsyncMessagingApi(client)
            bot = await api.get_bot_info(_request_timeout=SECONDS)
            lines = [f"LINE account: {bot.display_name} ({bot.basic_id})"]
            lines += await _menu(api, AsyncMessagingApiBlob(client))
            return lines + await _webhook(api, public_url)
    except ApiException as refused:
        raise RutanError(_refusal(refused)) from refused
    except (aiohttp.ClientError, TimeoutError, OSError) as failure:
        raise RutanError(f"LINE cannot be reached ({type(failure).__name__})") from failure


def _refusal(refused: ApiException) -> str:
    if refused.status == 401:
        return "LINE does not take LINE_CHANNEL_ACCESS_TOKEN: issue a new one in the LINE Developers console"
    return f"LINE answered {refused.status}: {str(refused.body)[:200]}"


async def _menu(api: AsyncMessagingApi, blob: AsyncMessagingApiBlob) -> list[str]:
    wanted = menu()
    listed = await api.get_rich_menu_list(_request_timeout=SECONDS)
    ours = [each for each in listed.richmenus if each.name.startswith(NAME)]
    default = await _default(api)
    if any(each.name == wanted["name"] and each.rich_menu_id == default for each in ours):
        current, said = default, "Rich menu: already up to date"
    else:
        current, said = (
            await _new_menu(api, blob, wanted),
            "Rich menu: made, picture uploaded, shown to everybody",
        )
    outdated = [each.rich_menu_id for each in ours if each.rich_menu_id != current]
    for old in outdated:
        await api.delete_rich_menu(old, _request_timeout=SECONDS)
    return [said] + ([f"Rich menu: {len(outdated)} older of ours removed"] if outdated else [])


async def _default(api: AsyncMessagingApi) -> str:
    """The id of the menu that everybody sees; "" when there is none."""
    try:
        found = await api.get_default_rich_menu_id(_request_timeout=SECONDS)
    except ApiException as refused:
        if refused.status == 404:
            return ""
        raise
    return str(found.rich_menu_id)


async def _new_menu(api: AsyncMessagingApi, blob: AsyncMessagingApiBlob, wanted: dict[str, Any]) -> str:
    made = await api.create_rich_menu(RichMenuRequest.from_dict(wanted), _request_timeout=SECONDS)
    await blob.set_rich_menu_image(
        made.rich_menu_id,
        body=IMAGE.read_bytes(),
        _headers={"Content-Type": "image/png"},
        _request_timeout=SECONDS,
    )
    await api.set_default_rich_menu(made.rich_menu_id, _request_timeout=SECONDS)
    return str(made.rich_menu_id)


async def _webhook(api: AsyncMessagingApi, public_url: str) -> list[str]:
    if not public_url.startswith("https://"):
        return ["Webhook: not checked. LINE calls https addresses only; set PUBLIC_URL and run this again"]
    wanted = public_url.rstrip("/") + WEBHOOK_PATH
    lines, active = await _endpoint(api, wanted)
    if not active:
        lines.append("Webhook: switched off. Switch on “Use webhook” in the LINE Developers console, Messaging API")
    return [*lines, await _tested(api, wanted)]


async def _endpoint(api: AsyncMessagingApi, wanted: str) -> tuple[list[str], bool]:
    """Sets the address where another stands; what to tell, and whether LINE uses it."""
    before, active = await _registered(api)
    if before == wanted:
        return [f"Webhook: {wanted}"], active
    await api.set_webhook_endpoint(SetWebhookEndpointRequest(endpoint=wanted), _request_timeout=SECONDS)
    was = f" (it was {before})" if before else ""
    _, active = await _registered(api)
    return [f"Webhook: set to {wanted}{was}"], active


async def _registered(api: AsyncMessagingApi) -> tuple[str, bool]:
    """The webhook that LINE knows ("" when none), and whether it is switched on."""
    try:
        found = await api.get_webhook_endpoint(_request_timeout=SECONDS)
    except ApiException as refused:
        if refused.status == 404:
            return "", False
        raise
    return str(found.endpoint), bool(found.active)


async def _tested(api: AsyncMessagingApi, wanted: str) -> str:
    """LINE's own test: it calls the webhook with no events, signed."""
    request = TestWebhookEndpointRequest(endpoint=wanted)
    result = await api.test_webhook_endpoint(request, _request_timeout=SECONDS)
    if result.success:
        return "Webhook: LINE called it and was answered 200"
    why = STATUSES.get(result.status_code) or REASONS.get(result.reason) or f"{result.reason}: {result.detail}"
    return f"Webhook: LINE's test failed ({result.status_code}): {why}"
