"""Where a webhook may go: to https addresses of the outside world. Whoever names an address must not reach into our network."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult

LONGEST_URL = 2_000
# Addresses of the old world as the new one writes them: what stands behind counts.
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("::/96"))


def fault(url: str, *, inside: bool = False) -> str:
    """What is wrong with the address of a webhook, "" where nothing is. `inside`: our own network is allowed (rehearsals)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "this is no address"
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url:
        return "the address is too long, or has letters that do not belong there"
    if parts.scheme != "https" and not (inside and parts.scheme == "http"):
        return "it must begin with https://"
    if not host or port == 0:
        return "this is no address"
    if parts.username or parts.password or parts.fragment:
        return "no name, password or # in it"
    if inside:
        return ""
    return "it must name a host, not a number" if _number(host) else ""


def _number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        # "2130706433" and "0x7f.1" are numbers as well, to who looks names up.
        return host.rpartition(".")[2].isdigit() or host.lower().startswith("0x")
    return True


def outside(address: str) -> bool:
    """Whether an address belongs to the outside world: neither this machine, nor a private network, nor its own kind."""
    found = ip_address(address.partition("%")[0])
    behind = _behind(found) if isinstance(found, IPv6Address) else None
    seen = behind or found
    return seen.is_global and not (seen.is_multicast or seen.is_reserved or seen.is_unspecified)


def _behind(address: IPv6Address) -> IPv4Address | None:
    """The address of the old world that this one leads to, where it does."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    return IPv4Address(int(address) & 0xFFFF_FFFF) if any(address in each for each in _TRANSLATED) else None


class Inside(OSError):
    """The name leads into our own network."""


class Resolver(AbstractResolver):
    """Looks names up at the moment of sending, and connects to what was looked at: no name can change in between."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host. Raises Inside where one of them is ours."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, family=family)
        addresses = list(dict.fromkeys((str(each[4][0]), each[0]) for each in found))
        if not addresses or not all(outside(address) for address, _ in addresses):
            raise Inside(f"{host} leads into a private network")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for address, kind in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""
