"""Case numbers that can be read aloud: year, counter and check digit, as in RT-2026-000123.

The check digit (Damm) catches every single wrong digit and every swap of two neighbours.
"""

from __future__ import annotations

import re

from stdnum import damm

_FORM = re.compile(r"RT-([0-9]{4})-([0-9]{6,})")


def case_number(year: int, counter: int) -> str:
    """The number of the `counter`-th case (from 1) of a year; it widens by itself past 99,999 cases."""
    if not 1000 <= year <= 9999 or counter < 1:
        raise ValueError("a case needs a year of four digits and a counter from 1")
    digits = f"{counter:05d}"
    return f"RT-{year}-{digits}{damm.calc_check_digit(f'{year}{digits}')}"


def valid_case_number(text: str) -> bool:
    """Whether a text has a case number's form and its check digit fits; not whether there is such a case."""
    found = _FORM.fullmatch(text)
    return found is not None and bool(damm.is_valid(found[1] + found[2]))
