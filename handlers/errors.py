"""What can go wrong, drawn as a tree. Catch where you can answer it, nowhere else.

RutanError
├── SendFailed          an answer did not leave; `.permanent` says whether trying again can help
│   ├── Unreachable     the person blocked us, left, or never was there
│   ├── TooFast         the platform asks to wait; `.seconds` says how long
│   ├── QuotaSpent      the month's messages are used up
│   └── Moved           the chat has another address; `.chat` is the new one
├── Overtaken           another process has our letter now: it must not be sent by us
├── NotMasked           personal data could not be masked: nothing may be stored
├── StoreFailed         the database does not answer; nothing of that call was kept (bot.store.transaction)
│   └── StoreBusy       too many wait for it already; said at once, and only to whoever may come again
├── SealBroken          what was sealed cannot be opened with our keys (bot.sealing)
├── FormBroken          a stored form is none that we know (bot.store.forms)
└── SettingsError       the settings are wrong; `.faults` names each (bot.settings)
"""

from __future__ import annotations


class RutanError(Exception):
    """Anything of ours that went wrong."""


class SendFailed(RutanError):
    """An answer did not leave the house."""

    def __init__(self, reason: str, *, permanent: bool = False, unknown: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        # True when the platform may have delivered it all the same (a time-out, a lost connection).
        self.unknown = unknown


class Unreachable(SendFailed):
    """The person blocked us, left, or never was there."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, permanent=True)


class TooFast(SendFailed):
    """The platform asks us to wait."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"asked to wait {seconds:g} s")
        self.seconds = seconds


class QuotaSpent(SendFailed):
    """The month's messages are used up."""

    def __init__(self) -> None:
        super().__init__("monthly quota spent", permanent=True)


class Moved(SendFailed):
    """The chat has another address now."""

    def __init__(self, chat: str) -> None:
        super().__init__("the chat moved")
        self.chat = chat


class Overtaken(RutanError):
    """While we slept another process took the letter: whatever LINE says of its token now is no word on our attempt."""


class NotMasked(RutanError):
    """Personal data could not be masked; nothing may be stored."""
