"""The doors: signatures, broken and huge bodies, odd events, health, metrics, and what may never be in a log."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest
from conftest import House, house_of
from test_dialogue import SCAM


def signed(house: House, body: bytes) -> dict[str, str]:
    digest = hmac.new(house.line.secret.encode(), body, hashlib.sha256).digest()
    return {"X-Line-Signature": base64.b64encode(digest).decode(), "Content-Type": "application/json"}


async def post(house: House, path: str, body: bytes, headers: dict[str, str]) -> int:
    async with house.http.post(house.url + path, data=body, headers=headers) as answer:
        text = await answer.text()
        assert "Traceback" not in text
        return answer.status


async def test_line_wants_its_signature(house: House) -> None:
    body = json.dumps({"destination": "U0", "events": []}).encode()
    assert await post(house, "/webhooks/line", body, signed(house, body)) == 200
    assert await post(house, "/webhooks/line", body, {}) == 401
    assert await post(house, "/webhooks/line", body, {"X-Line-Signature": "bm90IGl0"}) == 401
    assert await post(house, "/webhooks/line", body, {"X-Line-Signature": "ไม่ใช่".encode().decode("latin-1")}) == 401
    assert await post(house, "/webhooks/line", body + b" ", signed(house, body)) == 401


async def test_telegram_wants_its_header(house: House) -> None:
    right = {"X-Telegram-Bot-Api-Secret-Token": house.telegram.secret}
    assert await post(house, "/webhooks/telegram", b"{}", right) == 200
    assert await post(house, "/webhooks/telegram", b"{}", {}) == 401
    assert await post(house, "/webhooks/telegram", b"{}", {"X-Telegram-Bot-Api-Secret-Token": "guess"}) == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000])
async def test_a_broken_body_is_a_400(house: House, body: bytes) -> None:
    assert await post(house, "/webhooks/line", body, signed(house, body)) == 400
    right = {"X-Telegram-Bot-Api-Secret-Token": house.telegram.secret}
    assert await post(house, "/webhooks/telegram", body, right) == 400


async def test_a_body_over_a_mebibyte_is_a_413(house: House) -> None:
    body = b'{"events": [], "x": "' + b"a" * (1024 * 1024) + b'"}'
    assert await post(house, "/webhooks/line", body, signed(house, body)) == 413
    assert (
        await post(house, "/webhooks/telegram", body, {"X-Telegram-Bot-Api-Secret-Token": house.telegram.secret}) == 413
    )


async def test_an_odd_event_never_costs_its_neighbours(house: House) -> None:
    line = house.line
    odd = [
        {"type": "message"},
        {"type": "somethingNew", "mode": "dreaming", "source": 7},
        "not even an object",
        line.event("message", "Uodd", message={"type": "hologram", "id": "1"}) | {"mode": "sleeping"},
    ]
    before = len(line.answers)
    body = json.dumps({"destination": "U0", "events": [*odd, line.text_event("Uneighbour", "เมนู")]}).encode()
    assert await post(house, "/webhooks/line", body, signed(house, body)) == 200
    assert "รู้ทัน" in (await line.next_answer(before, "Uneighbour")).text


async def test_standby_is_taken_in_and_never_answered(house: House) -> None:
    event = house.line.text_event("Ustandby", "เมนู") | {"mode": "standby"}
    assert await house.line.send(event) == 200
    await asyncio.sleep(0.6)
    assert house.line.answers == []


async def test_the_same_event_again_is_answered_once(house: House) -> None:
    event = house.line.text_event("Utwice", "เมนู")
    before = len(house.line.answers)
    again = event | {"deliveryContext": {"isRedelivery": True}}
    await asyncio.gather(house.line.send(event), house.line.send(again), house.line.send(again))
    await house.line.next_answer(before, "Utwice")
    await asyncio.sleep(0.5)
    assert len(house.line.answers) == before + 1


async def test_both_corpora_are_answered_200_with_no_trace(
    house: House, shared: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for file in sorted((shared / "specs" / "corpus").glob("*.json")):
        body = file.read_bytes()
        assert await post(house, "/webhooks/line", body, signed(house, body)) == 200, file.name
    await asyncio.sleep(2)
    assert "Traceback" not in capfd.readouterr().err
    assert house.line.violations == []
    assert "rutan_turns_broken_total 0.0" in await measured(house)


async def test_a_platform_that_is_off_says_so(tmp_path: Path) -> None:
    off = {"line_channel_secret": None, "line_channel_access_token": None}
    async with house_of(tmp_path, **off) as house:
        assert await post(house, "/webhooks/line", b"{}", {}) == 404


async def measured(house: House) -> str:
    async with house.http.get(house.url + "/metrics") as answer:
        return await answer.text()


async def test_health_and_metrics(house: House) -> None:
    await house.line.says("Uperson1", SCAM["th"])
    for path in ("/health/live", "/health/ready"):
        async with house.http.get(house.url + path) as answer:
            assert answer.status == 200, path
    # How long it took is counted once the letter is marked as sent.
    async with asyncio.timeout(30):
        while "rutan_answer_seconds_bucket" not in (figures := await measured(house)):  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0.05)
    for needed in (
        'rutan_asked_total{level="known_scam",platform="line"} 1.0',
        'rutan_received_total{platform="line"} 1.0',
        "rutan_answer_seconds_bucket",
        "rutan_inbox_depth",
        "rutan_outbox_depth",
        f'rutan_knowledge{{version="{house.bot.ports.knowledge.version}"}} 1.0',
    ):
        assert needed in figures, needed


async def test_not_ready_when_the_database_is_gone(house: House) -> None:
    house.bot.store.close()
    async with house.http.get(house.url + "/health/ready") as answer:
        assert answer.status == 503
        assert await answer.json() == {"database": False, "knowledge": True}


async def test_what_cannot_be_kept_is_not_acknowledged(house: House) -> None:
    """A 503 makes the platform bring it again; a 200 would lose it."""
    event = house.line.text_event("Uagain", "เมนู")
    house.bot.store.close()
    assert await house.line.send(event) == 503


async def test_no_log_holds_a_persons_words_or_a_secret(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    word = "คำเฉพาะของฉัน-unmistakable"
    house.line.blocked.add("Ublocked")
    await house.line.says("Uperson1", f"{word} {SCAM['th']}")
    await house.line.send(house.line.text_event("Ublocked", f"{word} โอนเงินค่าพัสดุก่อนถึงจะส่งของ"))
    await asyncio.sleep(1.5)
    told = "".join(capfd.readouterr())
    assert word not in told
    for secret in (house.line.secret, house.telegram.token, "line-token"):
        assert secret not in told


async def test_what_was_asked_stands_in_no_file(house: House) -> None:
    word = "ถ้อยคำที่ไม่ควรเหลืออยู่"
    await house.line.says("Uperson1", f"{word} เขาให้โอนเงินก่อนค่ะ บอกว่าจะส่งของตามมาทีหลัง")
    for file in house.settings.database_path.parent.glob("rutan.db*"):
        assert word.encode() not in file.read_bytes(), file


async def test_a_turn_that_breaks_inside_is_apologised_for(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    """Knowledge without its sentences about verdicts: every check breaks, and the person still hears what to do."""
    from dataclasses import replace

    whole = house.bot.ports.knowledge
    house.bot.ports.knowledge = replace(whole, scorecard=None)  # type: ignore[arg-type]
    answer = await house.line.says("Uperson1", SCAM["th"])
    assert "ขอโทษ" in answer.text
    assert "1441" in answer.text
    house.bot.ports.knowledge = whole
    assert "อันตราย" in (await house.line.says("Uperson1", SCAM["th"])).text
    assert SCAM["th"][:20] not in "".join(capfd.readouterr())


async def test_the_check_api(house: House) -> None:
    async with house.http.post(f"{house.url}/api/v1/check", json={"text": SCAM["th"]}) as answer:
        verdict = await answer.json()
    assert verdict["level"] == "known_scam"
    assert verdict["type"] == "parcel"
    assert 0 <= verdict["score"] <= 1
    assert set(verdict) == {
        "id", "level", "type", "entry", "score", "candidates", "question", "signs", "entities", "language",
        "content_version", "reply",
    }  # fmt: skip
    assert "อันตราย" in verdict["reply"]["paragraphs"][0]
    for bad in ({}, {"text": ""}, {"text": 5}, {"text": "x", "language": "fr"}, {"text": "x" * 20_001}, [1]):
        async with house.http.post(f"{house.url}/api/v1/check", json=bad) as answer:
            assert answer.status == 422, bad
            assert "x" * 100 not in await answer.text()
    async with house.http.get(f"{house.url}/api/v1/openapi.json") as answer:
        assert "/api/v1/check" in (await answer.json())["paths"]
    async with house.http.get(f"{house.url}/api/v1/docs") as answer:
        assert answer.status == 200


ODD_TEXTS = [
    "😀" * 2000,
    "\u200b" * 3000,
    "\x00\x01\x02\x1b[31m",
    "\u202eกลับด้าน\u202c reversed \u200f\u200f",
    "ก็็็็็็็็็" * 300,
    "a" * 20_000,
    "1-" * 10_000,
    "http://" * 2500,
    "((((((((((" * 2000,
    "&lt;b&gt;*_`[x](http://a.example)`_*",
]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
async def test_odd_texts_get_a_clear_answer_quickly(house: House, text: str) -> None:
    for answer in (await house.line.says("Uodd", text), await house.telegram.says(77, text or " ")):
        assert answer.text.strip()
    assert house.line.violations == []
    assert house.telegram.violations == []
