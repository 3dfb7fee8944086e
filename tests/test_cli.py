"""The command line, as a person and as a script use it."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUTAN = [sys.executable, "-m", "bot"]
SCAM = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 38 บาท กรอกเลขบัตรและรหัสหลังบัตรที่ลิงก์ parcel-pay-th.example"


@pytest.fixture
def rutan(tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(*words: str, stdin: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("LINE_", "TELEGRAM_", "DATABASE", "SECRET"))}
        here = clean | {"DATABASE_URL": f"sqlite:///{tmp_path}/rutan.db", "PYTHONPATH": str(ROOT)} | env
        return subprocess.run(
            [*RUTAN, *words], input=stdin, capture_output=True, text=True, env=here, cwd=tmp_path, timeout=60
        )

    return run


def test_check_answers_in_words_and_plain_in_a_pipe(rutan) -> None:  # type: ignore[no-untyped-def]
    done = rutan("check", SCAM)
    assert done.returncode == 0, done.stderr
    assert "อันตราย" in done.stdout
    assert "1441" in done.stdout
    assert "\x1b[" not in done.stdout


def test_check_reads_standard_input_and_speaks_json(rutan) -> None:  # type: ignore[no-untyped-def]
    done = rutan("check", "--json", "-", stdin=SCAM)
    verdict = json.loads(done.stdout)
    assert verdict["level"] == "known_scam"
    assert verdict["entry"] == "parcel-fee-link"
    assert "reply" not in verdict
    scores = [each["score"] for each in verdict["candidates"]]
    assert scores == sorted(scores, reverse=True)


def test_check_lines_keeps_the_order_and_names_bad_lines(rutan, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    lines = [{"id": "b", "text": SCAM}, {"id": "a", "text": "แม่กินข้าวหรือยัง เย็นนี้กลับบ้านนะ"}, {"no": "text"}]
    file = tmp_path / "asked.jsonl"
    file.write_text("\n".join(json.dumps(each) for each in lines) + "\n", encoding="utf-8")
    done = rutan("check", "--jsonl", str(file))
    said = [json.loads(each) for each in done.stdout.splitlines()]
    assert [each["id"] for each in said] == ["b", "a", None]
    assert said[0]["level"] == "known_scam"
    assert "error" in said[2]
    assert done.returncode == 1


@pytest.mark.parametrize(
    "words", [["check"], ["check", ""], ["check", "x", "--jsonl", "y"], ["nonsense"], ["forget", "fax", "1"]]
)
def test_wrong_calls_are_told_and_exit_2(rutan, words: list[str]) -> None:  # type: ignore[no-untyped-def]
    done = rutan(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_wrong_settings_stop_the_start_with_every_fault(rutan) -> None:  # type: ignore[no-untyped-def]
    done = rutan("serve", PORT="many", LINE_CHANNEL_SECRET="half")
    assert done.returncode == 2
    assert "PORT" in done.stderr
    assert "LINE_CHANNEL_ACCESS_TOKEN: missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_answers_within_a_second_from_cold(rutan) -> None:  # type: ignore[no-untyped-def]
    rutan("check", "warm")  # the knowledge is compiled once after a change of content; later starts read it
    times = []
    for _ in range(3):
        began = spent()
        assert rutan("check", SCAM).returncode == 0
        times.append(spent() - began)
    assert min(times) < 1.0, times


def spent() -> float:
    """Seconds of the processor that the programs started here have taken: what the neighbours do is not counted."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_every_command_has_help(rutan) -> None:  # type: ignore[no-untyped-def]
    for words in (["check"], ["serve"], ["content", "check"], ["content", "phrases"], ["migrate"], ["line", "setup"],
                  ["telegram", "setup"], ["evaluate"], ["forget"], ["export", "reports"]):  # fmt: skip
        done = rutan(*words, "--help")
        assert done.returncode == 0, words
        assert "Usage: rutan" in done.stdout


def test_content_check_and_phrases(rutan) -> None:  # type: ignore[no-untyped-def]
    assert "no fault" in rutan("content", "check").stdout
    phrases = json.loads(rutan("content", "phrases", "--json").stdout)
    assert len(phrases) > 1000
    assert set(phrases[0]) == {"text", "entry", "language"}


@pytest.mark.slow
def test_migrate_forget_and_export_on_a_new_database(rutan) -> None:  # type: ignore[no-untyped-def]
    assert "newest form" in rutan("migrate").stdout
    assert rutan("migrate").returncode == 0
    assert "Nothing of that person" in rutan("forget", "line", "Unobody").stdout
    assert rutan("export", "reports").stdout.startswith("number,")
    assert rutan("export", "reports", "--format", "jsonl").stdout == ""


@pytest.mark.slow
def test_a_database_that_cannot_be_opened_is_said_plainly(rutan) -> None:  # type: ignore[no-untyped-def]
    done = rutan("migrate", DATABASE_URL="sqlite:////proc/nothing/rutan.db", SECRET_KEY="long enough to be a key")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()


@pytest.mark.slow
def test_platform_setups_name_what_is_missing(rutan) -> None:  # type: ignore[no-untyped-def]
    assert "LINE_CHANNEL_ACCESS_TOKEN" in rutan("line", "setup").stderr
    assert "TELEGRAM_BOT_TOKEN" in rutan("telegram", "setup").stderr


def test_evaluate_prints_the_error_table(rutan, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "labelled.jsonl"
    rows = [
        {"id": "1", "text": SCAM, "label": "scam", "expect_type": "parcel", "lang": "th", "kind": "message"},
        {
            "id": "2",
            "text": "เย็นนี้กินข้าวกี่โมง จะได้เตรียมกับข้าวรอ",
            "label": "benign",
            "expect_type": None,
            "lang": "th",
            "kind": "chat",
        },
    ]
    file.write_text("\n".join(json.dumps(each) for each in rows), encoding="utf-8")
    table = json.loads(rutan("evaluate", str(file), "--json").stdout)
    assert table["overall"]["flagged"] == 1.0
    assert table["overall"]["false_alarm"] == 0.0
    assert "by kind" in rutan("evaluate", str(file)).stdout
    file.write_text("{broken", encoding="utf-8")
    assert rutan("evaluate", str(file)).returncode == 2
