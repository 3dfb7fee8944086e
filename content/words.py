"""The words a person can type, and the words of somebody who may harm themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from content.models import Strict


class Spoken(Strict):
    """The same word in both languages, and as a slash command."""

    th: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    telegram: tuple[str, ...] = ()


class Crisis(Strict):
    th: tuple[str, ...]
    en: tuple[str, ...]
    but_not: Spoken


class Words(Strict):
    """`content/words.yaml`."""

    commands: Mapping[str, Spoken]
    talk: Mapping[str, Spoken]
    particles: Spoken
    crisis: Crisis

    @cached_property
    def _commands(self) -> Mapping[str, str]:
        return {bare(word): name for name, spoken in self.commands.items() for word in (*spoken.th, *spoken.en)}

    @cached_property
    def _slashes(self) -> Mapping[str, str]:
        return {word: name for name, spoken in self.commands.items() for word in spoken.telegram}

    @cached_property
    def _talk(self) -> Mapping[str, str]:
        return {bare(word): name for name, spoken in self.talk.items() for word in (*spoken.th, *spoken.en)}

    @cached_property
    def _particles(self) -> tuple[str, ...]:
        return tuple(bare(word) for word in (*self.particles.th, *self.particles.en))

    @cached_property
    def _crisis(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        pieces = (*self.crisis.th, *self.crisis.en)
        exceptions = (*self.crisis.but_not.th, *self.crisis.but_not.en)
        return tuple(map(bare, pieces)), tuple(map(bare, exceptions))

    def command(self, text: str) -> tuple[str, str]:
        """The command that a text is, and what follows it (a slash command only); ("", text) for anything else."""
        stripped = text.strip()
        if stripped.startswith("/"):
            head, _, rest = stripped[1:].partition(" ")
            return self._slashes.get(head.partition("@")[0].lower(), ""), rest.strip()
        if len(text) > LONGEST_WORD:
            return "", text
        return self._commands.get(bare(text), ""), text

    def small_talk(self, text: str) -> str:
        """ "hello", "thanks", "goodbye", "who", or "" for a text that is more than that."""
        if len(text) > LONGEST_WORD:
            return ""
        said = bare(text)
        for _ in range(3):
            if said in self._talk:
                return self._talk[said]
            said = next((said.removesuffix(p) for p in self._particles if p and said.endswith(p)), said)
        return self._talk.get(said, "")

    def crisis_in(self, text: str) -> bool:
        """Whether somebody may be about to harm themselves."""
        said = bare(text)
        pieces, exceptions = self._crisis
        for exception in exceptions:
            said = said.replace(exception, "")
        return any(piece in said for piece in pieces)


# Longer than any command with its particles; a longer text is a question.
LONGEST_WORD = 60

_NOISE = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff'’‘.,!?…ๆฯ\"“”()\[\]<>~\-_*🙏😊😂❤️👍🙂]+")


def bare(text: str) -> str:
    """A word as it is compared: lower case, without blanks, apostrophes, punctuation and invisible letters."""
    return _NOISE.sub("", text.casefold())


# Stands in only while a writer's words.yaml is broken; `load` refuses such content.
NO_WORDS = Words(commands={}, talk={}, particles=Spoken(), crisis=Crisis(th=(), en=(), but_not=Spoken()))
