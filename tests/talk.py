"""A person in a chat, the same on LINE, on Telegram and in the browser: for dialogues that read like dialogues."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from conftest import House


@dataclass(frozen=True)
class Heard:
    """What the person sees: every word, and the buttons by label."""

    text: str
    buttons: dict[str, str]
    sends: int = 1


class Person(Protocol):
    async def says(self, text: str) -> Heard: ...

    async def taps(self, data: str) -> Heard: ...


class OnLine:
    def __init__(self, house: House, name: str = "Uperson1") -> None:
        self._line, self._name = house.line, name

    async def says(self, text: str) -> Heard:
        answer = await self._line.says(self._name, text)
        return Heard(answer.text, answer.buttons)

    async def taps(self, data: str) -> Heard:
        answer = await self._line.taps(self._name, data)
        return Heard(answer.text, answer.buttons)


class OnTelegram:
    def __init__(self, house: House, number: int = 700001) -> None:
        self._telegram, self._number = house.telegram, number

    async def says(self, text: str) -> Heard:
        answer = await self._telegram.says(self._number, text)
        return Heard(unmarked(answer.text), answer.buttons)

    async def taps(self, data: str) -> Heard:
        answer = await self._telegram.taps(self._number, data)
        return Heard(unmarked(answer.text), answer.buttons)


class InBrowser:
    def __init__(self, house: House) -> None:
        self._http, self._url = house.http, house.url

    async def says(self, text: str) -> Heard:
        return await self._post({"text": text})

    async def taps(self, data: str) -> Heard:
        return await self._post({"tap": data})

    async def _post(self, form: dict[str, str]) -> Heard:
        async with self._http.post(f"{self._url}/chat?lang=th", data={**form, "fragment": "1"}) as answer:
            assert answer.status == 200, answer.status
            page = await answer.text()
        buttons = dict(re.findall(r'name="tap" value="([^"]*)">([^<]*)<', page))
        links = re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)<', page)
        named = {html.unescape(label): html.unescape(value) for value, label in [*buttons.items(), *links]}
        return Heard(unmarked(page), named)


def unmarked(page: str) -> str:
    """The words of a piece of HTML."""
    return html.unescape(re.sub(r"<[^>]+>", "", page))


def presses(heard: Heard, label: str) -> str:
    """The data behind the button with this label (or that begins so)."""
    return next(data for name, data in heard.buttons.items() if name.startswith(label))


PLATFORMS = {"line": OnLine, "telegram": OnTelegram, "web": InBrowser}
