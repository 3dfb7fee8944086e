"""Who asks, as the settings say it."""

from __future__ import annotations

from bot.settings import Settings
from bot.takedown.facts import Office


def office_of(settings: Settings) -> Office:
    """The office that runs this house; what it does not say is left to be written by hand. A house that never named its
    office asks in nobody's name."""
    unsaid = settings.publisher_name == Settings.model_fields["publisher_name"].default
    return Office("" if unsaid else settings.publisher_name, settings.publisher_contact)
