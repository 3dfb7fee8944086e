"""What a platform hands out of a picture that somebody sent: at most 10 MB of it, and nothing from anywhere else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, runtime_checkable

from bot.vision.opening import LARGEST_FILE
from handlers.errors import RutanError
from handlers.picture_types import PictureTrouble

PICTURE_NAMES = (".jpg", ".jpeg", ".png", ".webp")


class NotFetched(RutanError):
    """The platform did not hand the picture out; `.trouble` says what the person hears."""

    def __init__(self, trouble: PictureTrouble = PictureTrouble.NOT_FETCHED) -> None:
        super().__init__(trouble.value)
        self.trouble = trouble


@runtime_checkable
class Hands(Protocol):
    """A sender that can also fetch what people sent."""

    async def content(self, file_id: str) -> bytes:
        """The bytes of a picture. Raises NotFetched."""


async def bounded(pieces: AsyncIterator[bytes], announced: int | None) -> bytes:
    """All the pieces; stops as soon as they are too many. Raises NotFetched."""
    if announced is not None and announced > LARGEST_FILE:
        raise NotFetched(PictureTrouble.TOO_LARGE)
    whole = bytearray()
    async for piece in pieces:
        whole += piece
        if len(whole) > LARGEST_FILE:
            raise NotFetched(PictureTrouble.TOO_LARGE)
    return bytes(whole)
