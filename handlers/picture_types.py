"""What is known of a picture once it has been read. Imports nothing heavy: the processes that read use it too."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PictureTrouble(StrEnum):
    """Why a picture, or the words in it, could not be read."""

    NOT_FETCHED = "not_fetched"  # the platform did not hand it out
    NO_PICTURE = "no_picture"  # no kind of picture that we know
    TOO_LARGE = "too_large"  # over 10 MB, or of more pixels than any phone takes
    BROKEN = "broken"  # cut off or spoilt
    MOVING = "moving"  # an animation
    DISGUISED = "disguised"  # a picture and something else in one file
    TOO_SLOW = "too_slow"  # not done in the time that we have
    NO_MODELS = "no_models"  # this machine has no models to read words with
    BUSY = "busy"  # too many wait before it
    TOO_MANY = "too_many"  # this person has sent very many just now


@dataclass(frozen=True)
class Picture:
    """`text`: the words as read, a line a line; `sure` how certain the reading is, 0 to 1. `marks`: what each QR or
    barcode holds. `look`: 256 bits as hexadecimal letters that the same picture is known again by ("" when refused).
    `trouble` may stand beside marks: the codes were read and the words were not."""

    text: str = ""
    sure: float = 0.0
    marks: tuple[str, ...] = ()
    look: str = ""
    trouble: PictureTrouble | None = None
