"""What every route of the house tells a browser, found by asking the application for all that it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import faults
from conftest import APPLICATIONS, House, house_of
from desk_cast import at_desk
from playwright.async_api import Browser
from starlette.routing import Mount, Route
from yarl import URL

from bot.headers import USUAL
from bot.running import Running
from handlers.officials import Role

HOLES = {"kind": "entry", "name": "parcel-fee-link", "ending": "csv", "form": "atom", "path": "x"}
# What no page may allow, whatever it needs for itself.
NEVER = re.compile(r"unsafe-|\*|https?:|data:|blob:|\bnone'\s+\S*'self'")
METHODS = ("GET", "POST", "TRACE")


def routes(bot: Running, app: Any) -> Iterator[tuple[str, str]]:
    """Every path with every method that it knows, and with one that it does not."""
    for path in sorted(paths(app.router.routes)):
        filled = re.sub(r"{(\w+)(?::\w+)?}", lambda hole: HOLES.get(hole[1], "1"), path)
        yield from ((method, filled) for method in METHODS)


def paths(found: Any, prefix: str = "") -> set[str]:
    """The paths below a list of routes, those of included routers and of folders too."""
    told: set[str] = set()
    for route in found:
        if isinstance(route, Mount):
            told.add(f"{prefix}{route.path}/nothing.css")
        elif isinstance(route, Route) or hasattr(route, "path"):
            told.add(f"{prefix}{route.path}")
        if (inner := getattr(route, "original_router", None)) is not None:
            told |= paths(inner.routes, prefix + route.include_context.prefix)
    return told


async def test_every_route_and_every_refusal_is_locked_down(house: House) -> None:
    app = APPLICATIONS[house.bot]
    every = [
        *routes(house.bot, app),
        ("GET", "/nothing"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/static/webchat.css"),
        ("GET", "/desk/static/desk.css"),
    ]
    assert {
        "/webhooks/line",
        "/api/v1/check",
        "/api/v1/reports/1",
        "/desk/queue",
        "/score",
        "/metrics",
        "/bulletins",
        "/chat",
    } <= {path for _, path in every}
    async with at_desk(house, Role.ADMIN) as admin:
        for method, path in every:
            async with admin.http.request(method, URL(house.url + path), allow_redirects=False) as answer:
                held(answer.headers, method, path)
                assert answer.status < 500, (method, path)
                assert "Strict-Transport-Security" not in answer.headers, (
                    "a browser would come to a local address no more"
                )


def held(headers: Any, method: str, path: str) -> None:
    policy = headers.get("Content-Security-Policy", "")
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy, (
        method,
        path,
    )
    assert not NEVER.search(policy), (method, path, policy)
    for name, value in USUAL.items():
        assert name in headers, (method, path, name)
        # The page of a hub tells nobody where it stands.
        stricter = {"no-referrer"} if name == "Referrer-Policy" else set()
        if name not in ("Content-Security-Policy", "Cache-Control"):
            assert headers[name] in {value, *stricter}, (method, path, name)
    assert headers["Cache-Control"] in ("no-store", "no-cache") or "/desk" not in path, (method, path)
    assert "Access-Control-Allow-Origin" not in headers, (method, path)


async def test_over_https_a_browser_is_told_to_come_by_nothing_else(tmp_path: Path) -> None:
    async with house_of(tmp_path, public_url="https://rutan.example") as house:
        for path in ("/", "/api/v1/docs", "/desk/sign-in", "/metrics", "/nothing"):
            async with house.http.get(house.url + path) as answer:
                assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000"), path


async def test_the_pages_about_the_api_load_nothing_from_anybody_else(house: House) -> None:
    async with house.http.get(house.url + "/api/v1/docs") as answer:
        page = await answer.text()
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in page and not re.search(r'(?:src|href)="(?:https?:)?//', page)
    assert "POST /api/v1/check" in page and "Is this a scam?" in page


@pytest.mark.browser
async def test_the_pages_about_the_api_shut_nobody_out(house: House, axe: str, browser: Browser) -> None:
    page = await browser.new_page(viewport={"width": 360, "height": 740})
    await page.goto(house.url + "/api/v1/docs")
    assert await faults(page, axe) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= 360")
