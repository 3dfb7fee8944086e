"""`rutan officials`, as an operator types it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT
from store_cast import rows

Rutan = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/rutan.db"


@pytest.fixture
def rutan(tmp_path: Path, url: str) -> Rutan:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        here = {
            **os.environ,
            "DATABASE_URL": url,
            "PUBLIC_URL": "https://rutan.example",
            "TELEGRAM_MODE": "polling",
            "PYTHONPATH": str(ROOT),
        }
        # No standard input: nothing may be asked.
        return subprocess.run(
            [sys.executable, "-m", "bot", "officials", *words],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, env=here, cwd=tmp_path, timeout=60,
        )  # fmt: skip

    return run


@pytest.mark.slow
def test_an_official_is_added_with_a_link_and_every_change_is_written_down(rutan: Rutan, url: str) -> None:
    added = rutan("add", "สมศรี ใจดี", "--role", "approver")
    assert added.returncode == 0, added.stderr
    (link,) = re.findall(r"^https://rutan\.example/desk/welcome/[\w-]{43}$", added.stdout, re.MULTILINE)
    told = json.loads(rutan("add", "Mali", "--role", "admin", "--json").stdout)
    assert told["link"].startswith("https://rutan.example/desk/welcome/") and told["link"] != link
    assert (told["name"], told["role"]) == ("Mali", "admin") and told["until"].endswith("+07:00")
    again = rutan("add", "MALI", "--role", "reader")
    assert again.returncode == 1 and "already" in again.stderr and "Traceback" not in again.stderr
    assert "welcome" in rutan("reset", "mali").stdout
    assert rutan("role", "mali", "--role", "editor").returncode == 0
    assert rutan("disable", "mali").returncode == 0
    listed = json.loads(rutan("list", "--json").stdout)
    assert [(each["name"], each["role"], each["state"]) for each in listed] == [
        ("สมศรี ใจดี", "approver", "invited"),
        ("Mali", "editor", "shut"),
    ]
    assert rutan("enable", "mali").returncode == 0
    assert "Mali\teditor\tinvited" in rutan("list").stdout
    assert {(row["actor"], row["act"]) for row in rows(url, "audit")} == {
        ("operator", "official added"),
        ("operator", "official reset"),
        ("operator", "official's role changed"),
        ("operator", "official disabled"),
        ("operator", "official enabled"),
    }
    secret = told["link"].rpartition("/")[2]
    assert secret not in str(rows(url, "audit")) and secret not in str(rows(url, "official_links"))


@pytest.mark.parametrize(
    "words", [["add", "Mali"], ["add", "--role", "reader"], ["add", "Mali", "--role", "king"], ["nonsense"]]
)
def test_a_wrong_call_is_told(rutan: Rutan, words: list[str]) -> None:
    done = rutan(*words)
    assert done.returncode == 2 and "Traceback" not in done.stderr


@pytest.mark.slow
def test_somebody_who_is_not_there_is_told(rutan: Rutan) -> None:
    for words in (["disable", "nobody"], ["role", "nobody", "--role", "reader"], ["reset", "nobody"]):
        done = rutan(*words)
        assert done.returncode == 1 and "no official of this name" in done.stderr
