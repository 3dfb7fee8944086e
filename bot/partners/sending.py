"""One attempt to tell a partner: signed as "Standard Webhooks" has it, answered within seconds, or missed and why."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

import aiohttp

from bot.partners import addresses
from bot.store.partner_hooks import SECRET_PREFIX, Delivery

# Who takes longer than this has not heard it.
SECONDS = 10.0
# Whoever wants nothing any more says so by this.
GONE = 410


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt: `why` is "" where it arrived; `gone`: nothing is wanted there any more."""

    why: str = ""
    gone: bool = False


class Messenger:
    """Brings news to webhooks. `inside`: also within our own network (rehearsals). Use as `async with`."""

    def __init__(self, *, inside: bool = False, seconds: float = SECONDS) -> None:
        self._inside = inside
        self._seconds = seconds
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        resolver = None if self._inside else addresses.Resolver()
        # No connection is kept: the next may lead elsewhere. Nor does a proxy of the surroundings look up names for us.
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True, limit=64)
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        self._http = aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def bring(self, delivery: Delivery, now: datetime) -> Outcome:
        """One attempt. Follows no redirect, and reads nothing of the answer but its status. Never raises for the other end."""
        if self._http is None:
            raise RuntimeError("a messenger is used within `async with`")
        if wrong := addresses.fault(delivery.url, inside=self._inside):
            return Outcome(wrong)
        body = delivery.body.encode()
        headers = signed(delivery.secret, delivery.event, now, body, delivery.older)
        try:
            async with self._http.post(
                delivery.url, data=body, headers=headers, allow_redirects=False, skip_auto_headers=("User-Agent",)
            ) as answer:
                return _read(answer.status)
        except TimeoutError:
            return Outcome(f"no answer within {self._seconds:.0f} s")
        except (addresses.Inside, aiohttp.ClientError, OSError, ValueError) as trouble:
            return Outcome(_said(trouble))


def _read(status: int) -> Outcome:
    if 200 <= status < 300:
        return Outcome()
    return Outcome(f"HTTP {status}", gone=status == GONE)


def _said(trouble: BaseException) -> str:
    """Why, without the address: it may hold a secret of the partner's."""
    causes: list[BaseException] = [trouble]
    if isinstance(trouble, aiohttp.ClientConnectorError):
        causes.append(trouble.os_error)
    causes += [each.__cause__ for each in tuple(causes) if each.__cause__ is not None]
    if any(isinstance(each, addresses.Inside) for each in causes):
        return "the name leads into a private network"
    if isinstance(trouble, aiohttp.ClientSSLError):
        return "its certificate is not accepted"
    return "no connection" if isinstance(trouble, aiohttp.ClientConnectorError) else type(trouble).__name__


def signed(secret: str, event: str, now: datetime, body: bytes, older: Sequence[str] = ()) -> dict[str, str]:
    """The headers of one attempt: id, time, and the signature of both with the body; while a rotation lasts, one by each secret."""
    at = str(int(now.timestamp()))
    signatures = ("v1," + signature(each, event, at, body) for each in (secret, *older))
    return {
        "Content-Type": "application/json",
        "User-Agent": "Rutan-Webhooks/1",
        "webhook-id": event,
        "webhook-timestamp": at,
        "webhook-signature": " ".join(signatures),
    }


def signature(secret: str, event: str, at: str, body: bytes) -> str:
    """HMAC-SHA256 of `id.timestamp.body`, base64. The key is what stands in base64 behind `whsec_`."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    said = f"{event}.{at}.".encode() + body
    return base64.b64encode(hmac.digest(key, said, hashlib.sha256)).decode()
