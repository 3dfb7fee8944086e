"""The words a person can type, and the words of somebody who may harm themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
    channels: Mapping[str, Spoken] = {}
    nothing: Spoken = Spoken()

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
    def _channels(self) -> Mapping[str, str]:
        return {bare(word): name for name, spoken in self.channels.items() for word in (*spoken.th, *spoken.en)}

    @cached_property
    def _nothing(self) -> Mapping[str, str]:
        return {bare(word): "nothing" for word in (*self.nothing.th, *self.nothing.en)}

    @cached_property
    def _particles(self) -> tuple[str, ...]:
        return tuple(bare(word) for word in (*self.particles.th, *self.particles.en))

    @cached_property
    def _crisis_thai(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return tuple(map(bare, self.crisis.th)), tuple(map(bare, self.crisis.but_not.th))

    @cached_property
    def _crisis_english(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        return _any_of(self.crisis.en), _any_of(self.crisis.but_not.en)

    def command(self, text: str) -> tuple[str, str]:
        """The command that a text is, and what follows it (a slash command only); ("", text) for anything else.

        A word is a command when it is the whole message, in any case, with or without polite particles.
        """
        stripped = text.strip()
        if stripped.startswith("/"):
            head, _, rest = stripped[1:].partition(" ")
            return self._slashes.get(head.partition("@")[0].lower(), ""), rest.strip()
        if len(text) > LONGEST_WORD:
            return "", text
        return self._known(text, self._commands), text

    def small_talk(self, text: str) -> str:
        """ "hello", "thanks", "goodbye", "who", or "" for a text that is more than that."""
        if len(text) > LONGEST_WORD:
            return ""
        return self._known(text, self._talk)

    def channel(self, text: str) -> str:
        """The way a message came, as people call it ("sms", "line"…, the names of `channels`); "" for anything else."""
        return self._known(text, self._channels) if len(text) <= LONGEST_WORD else ""

    def lost_nothing(self, text: str) -> bool:
        """Whether somebody says that they lost nothing."""
        return len(text) <= LONGEST_WORD and bool(self._known(text, self._nothing))

    def _known(self, text: str, names: Mapping[str, str]) -> str:
        """The name of a word, up to three polite particles at its end aside; "" if it has none."""
        said = bare(text)
        for _ in range(3):
            if said in names:
                return names[said]
            said = next((said.removesuffix(p) for p in self._particles if p and said.endswith(p)), said)
        return names.get(said, "")

    def crisis_in(self, text: str) -> bool:
        """Whether somebody may be about to harm themselves."""
        said = bare(text)
        pieces, exceptions = self._crisis_thai
        for exception in exceptions:
            said = said.replace(exception, "")
        if any(piece in said for piece in pieces):
            return True
        wanted, unwanted = self._crisis_english
        return wanted.search(unwanted.sub(" ", _joined(text))) is not None


# Longer than any command with its particles; a longer text is a question.
LONGEST_WORD = 60

_NOISE = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff'’‘.,!?…ๆฯ\"“”()\[\]<>~\-_*🙏😊😂❤️👍🙂]+")


def bare(text: str) -> str:
    """A word as it is compared: lower case, without blanks, apostrophes, punctuation and invisible letters."""
    return _NOISE.sub("", text.casefold())


_INSIDE = re.compile("['’‘\u00ad\u200b-\u200f\u2060\ufeff]")


def _joined(text: str) -> str:
    """Lower case, without apostrophes and invisible letters: "I don’t" is "i dont"."""
    return _INSIDE.sub("", text.casefold())


def _any_of(sayings: Iterable[str]) -> re.Pattern[str]:
    """Finds any of them as whole words, whatever stands between two words: "want to die" is not in "want to diet"."""
    words = (r"[\W_]{0,6}".join(map(re.escape, _joined(each).split())) for each in sayings)
    return re.compile(r"(?<![a-z])(?:" + ("|".join(words) or "(?!)") + r")(?![a-z])")


# Stands in only while a writer's words.yaml is broken; `load` refuses such content.
NO_WORDS = Words(commands={}, talk={}, particles=Spoken(), crisis=Crisis(th=(), en=(), but_not=Spoken()))
