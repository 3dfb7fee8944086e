"""The process in which strangers' pictures are opened: no secret in it, little memory, killed when it hangs.

Spoken over its own standard input and output, so that nothing of a stranger's is ever unpickled in the bot:

    to it    8 bytes, the length; then the file
    from it  a line of JSON with "ready" once, then for each file one with "look" and "marks" (or "trouble"), and where the
             words are to be read one more with "text" and "sure"
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

LENGTH = 8
# What a picture may take in memory, all told: decoder, working copies and Tesseract's models together stay well under it.
MOST_MEMORY = 900 * 1024 * 1024


def limit() -> None:
    """Bounds that hold whatever a file does to a decoder. Where a system knows one of them not, the others stand."""
    try:
        import resource
    except ImportError:  # not a Unix
        return
    for name, most in (
        ("RLIMIT_AS", MOST_MEMORY),
        ("RLIMIT_CORE", 0),  # no copy of a picture on the disk
        ("RLIMIT_FSIZE", 0),
    ):
        with suppress(AttributeError, ValueError, OSError):
            resource.setrlimit(getattr(resource, name), (most, most))
    with suppress(OSError, AttributeError):
        os.nice(5)  # an answer to somebody who typed comes first


def serve(source: BinaryIO, answers: BinaryIO, models: str) -> None:
    """Read file after file until the source ends."""
    from bot.vision.marks import marks
    from bot.vision.reading import Reader

    reader = Reader(Path(models)) if models else None
    marks(_blank())
    limit()
    _tell(answers, {"ready": True})
    while len(head := source.read(LENGTH)) == LENGTH:
        data = source.read(int.from_bytes(head, "big"))
        for said in _read(data, reader):
            _tell(answers, said)


def _blank() -> Any:
    from PIL import Image

    return Image.new("L", (64, 64), 255)


def _read(data: bytes, reader: Any) -> Any:
    from bot.vision.looks import look
    from bot.vision.marks import covered, marks
    from bot.vision.opening import Refused, opened

    try:
        picture = opened(data)
        found = marks(picture)
        yield {"look": look(picture), "marks": [each.text for each in found], "more": reader is not None}
        if reader is not None:
            words = reader.words(covered(picture, found))
            yield {"text": words.text, "sure": words.sure, "more": False}
    except Refused as refused:
        yield {"trouble": refused.trouble.value, "more": False}
    except MemoryError:
        yield {"trouble": "too_large", "more": False}
    except Exception:
        # Nothing of a file may end the process: the next person's picture waits behind it.
        yield {"trouble": "broken", "more": False}


def _tell(answers: BinaryIO, said: dict[str, Any]) -> None:
    answers.write(json.dumps(said).encode() + b"\n")
    answers.flush()


def main() -> None:
    """`python -m bot.vision.worker [FOLDER OF MODELS]`; started by `pool`, of no use by hand."""
    # Libraries that print must not write between our lines.
    own = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    serve(sys.stdin.buffer, own, sys.argv[1] if len(sys.argv) > 1 else "")


if __name__ == "__main__":
    main()
