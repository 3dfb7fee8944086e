"""What to do when it has already happened: `content/emergency.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from pydantic import Field

from content.models import Both, BothLines, Slug, Source, Strict
from content.words import bare

_WRAPPING = re.compile(r"\A(?:ธนาคาร|แบงก์|แบงค์)|(?:ค่ะ|ค่า|คะ|ครับ|คับ|จ้า|นะ)+\Z")

# In a step's `calls` it stands for the line of the person's own bank.
OWN = "bank"


class Bank(Strict):
    """A bank or wallet whose fraud line we know: `hotline` is its id in hotlines.yaml, `also` what people call it."""

    hotline: Slug
    name: Both
    also: tuple[str, ...] = ()


class Step(Strict):
    """One thing to do. `calls`: hotline ids, or "bank"; `police`: the police site has a button; `leads`: other cases that
    may have happened as well; `statement`: the words to read out are shown with it."""

    id: Slug
    title: Both
    lines: BothLines
    calls: tuple[Slug, ...] = ()
    police: bool = False
    leads: tuple[Slug, ...] = ()
    statement: bool = False
    sources: tuple[Slug, ...] = Field(min_length=1)


class Lane(Strict):
    """What happened: what is asked first ("bank", "ago"), and the steps in order; `late` when it is a day or more ago."""

    id: Slug
    asks: tuple[Slug, ...] = ()
    follow_up: bool = False
    steps: tuple[Slug, ...] = Field(min_length=1)
    late: tuple[Slug, ...] = ()


class Emergency(Strict):
    """All of it, both languages beside each other."""

    sources: Mapping[Slug, Source]
    banks: tuple[Bank, ...] = Field(min_length=1)
    cases: tuple[Lane, ...] = Field(min_length=1)
    steps: tuple[Step, ...] = Field(min_length=1)

    @cached_property
    def lanes(self) -> Mapping[str, Lane]:
        return {each.id: each for each in self.cases}

    @cached_property
    def by_step(self) -> Mapping[str, Step]:
        return {each.id: each for each in self.steps}

    @cached_property
    def by_bank(self) -> Mapping[str, Bank]:
        return {each.hotline: each for each in self.banks}

    @cached_property
    def _called(self) -> Mapping[str, str]:
        return {
            bare(name.removeprefix("ธนาคาร")): each.hotline
            for each in self.banks
            for name in (each.name.th, each.name.en, *each.also)
        }

    def bank_called(self, typed: str) -> str:
        """The hotline id of the bank that somebody names, "" for none of ours."""
        said = _WRAPPING.sub("", bare(typed[:60])).removesuffix("bank")
        return self._called.get(said) or self._called.get(said + "bank", "")


# Stands in only while a writer's file is broken or missing; `load` refuses such content.
NO_EMERGENCY = Emergency.model_construct(sources={}, banks=(), cases=(), steps=())
