"""The outside faces of the program, held from outside: real commands, a real `rutan serve`, both platforms over HTTP."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
import time
from collections.abc import AsyncIterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from conftest import House
from doubles import JSON
from outside import Program, program_in
from talk import InBrowser, OnLine, OnTelegram, Person, presses, unmarked

from bot.store.case_numbers import valid_case_number
from content.knowledge import Knowledge
from content.models import ScamType

pytestmark = pytest.mark.asyncio(loop_scope="module")

SCAM_TH = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 38 บาท กรอกเลขบัตรที่ลิงก์ parcel-pay-th.example ภายในวันนี้"
SCAM_EN = (
    "Your parcel is held at customs. Pay the 38 baht fee today and enter your card number at parcel-pay-th.example"
)
BANGKOK = ZoneInfo("Asia/Bangkok")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def program(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    """One server for the whole file: each test speaks as people of its own."""
    async with program_in(tmp_path_factory.mktemp("outside")) as found:
        await found.serve()
        yield found


def people(program: Program, name: str) -> dict[str, Person]:
    """A person of this name on every platform."""
    house = cast(
        House, SimpleNamespace(line=program.line, telegram=program.telegram, http=program.http, url=program.url)
    )
    program.http.cookie_jar.clear()
    number = 10_000 + sum(ord(letter) * at for at, letter in enumerate(name, start=1))
    return {"line": OnLine(house, f"U{name}"), "telegram": OnTelegram(house, number), "web": InBrowser(house)}


# --- one message, one answer ------------------------------------------------------------------------------------------
LINE_KINDS: dict[str, JSON] = {
    "sticker": {"packageId": "1", "stickerId": "2", "stickerResourceType": "STATIC"},
    "audio": {"duration": 3_000, "contentProvider": {"type": "line"}},
    "video": {"duration": 3_000, "contentProvider": {"type": "line"}, "quoteToken": "q"},
    "file": {"fileName": "app.apk", "fileSize": 1_000},
    "location": {"address": "Bangkok", "latitude": 13.7, "longitude": 100.5},
    "hologram": {"title": "of a kind that nobody knows"},
}
FILE = {"file_id": "f", "file_unique_id": "u", "duration": 3, "file_size": 1_000}
TELEGRAM_KINDS: dict[str, JSON] = {
    "sticker": {
        "sticker": {**FILE, "width": 1, "height": 1, "type": "regular", "is_animated": False, "is_video": False}
    },
    "voice": {"voice": FILE},
    "video": {"video": {**FILE, "width": 1, "height": 1}},
    "document": {"document": {**FILE, "file_name": "app.apk"}},
    "location": {"location": {"latitude": 13.7, "longitude": 100.5}},
    "dice": {"dice": {"emoji": "🎲", "value": 3}},
}
WORDS = {"thai": SCAM_TH, "english": SCAM_EN, "short": "ครับ", "emoji": "🙏", "menu": "เมนู", "long": SCAM_TH * 40}


async def test_everything_that_a_person_sends_gets_exactly_one_send(program: Program) -> None:
    line, telegram = program.line, program.telegram
    before_line, before_telegram, began = len(line.answers), len(telegram.answers), time.monotonic()
    numbers = {name: 30_000 + at for at, name in enumerate((*TELEGRAM_KINDS, *WORDS))}
    line_events = [
        *(line.text_event(f"Uone-{name}", text) for name, text in WORDS.items()),
        *(
            line.event("message", f"Uone-{kind}", message={"type": kind, "id": str(at), **body})
            for at, (kind, body) in enumerate(LINE_KINDS.items(), start=900_001)
        ),
        line.event("message", "Uone-image", message=line.picture(b"no picture at all")),
    ]
    for event in line_events:
        assert await line.send(event) == 200
    for name, body in TELEGRAM_KINDS.items():
        assert await telegram.send(telegram.update(message=telegram.message(numbers[name], **body))) == 200
    for name, text in WORDS.items():
        if len(text) < 4_096:
            assert await telegram.send(telegram.update(message=telegram.message(numbers[name], text))) == 200
    asked_telegram = {str(numbers[n]) for n in (*TELEGRAM_KINDS, *WORDS) if len(WORDS.get(n, "")) < 4_096}
    asked_line = {event["source"]["userId"] for event in line_events}
    await _until(lambda: len(line.answers) - before_line >= len(asked_line), 30)
    await _until(lambda: len(telegram.answers) - before_telegram >= len(asked_telegram), 30)
    # A second answer would come within its moment.
    await asyncio.sleep(1.0)
    heard = [*line.answers[before_line:], *telegram.answers[before_telegram:]]
    assert sorted(each.to for each in heard) == sorted(asked_line | asked_telegram)
    assert max(each.at for each in heard) - began < 15
    assert all(len(each.messages) <= 5 and each.via in ("reply", "send") for each in heard)
    assert not line.violations and not telegram.violations


async def test_the_script_of_the_answer_follows_the_message_until_a_language_is_chosen(program: Program) -> None:
    async def talk(person: Person) -> None:
        assert _is_thai((await person.says(SCAM_TH)).text)
        assert not _is_thai((await person.says(SCAM_EN)).text)
        chooses = await person.says("ภาษา")
        await person.taps(presses(chooses, "English"))
        assert not _is_thai((await person.says(SCAM_TH)).text)

    await asyncio.gather(*(talk(person) for person in people(program, "script").values()))


def _is_thai(page: str) -> bool:
    """Whether the words of an answer are Thai, apart from what it quotes and where it links to."""
    ours = re.sub(r"“[^”]*”|\S+\.\S+", "", unmarked(page))
    thai, latin = len(re.findall(r"[ก-๙]", ours)), len(re.findall(r"[A-Za-z]", ours))
    return thai > latin


async def test_no_answer_says_that_anything_is_safe(program: Program) -> None:
    promise = re.compile(r"ปลอดภัย|\bsafe\b", re.IGNORECASE)
    asked = ["https://www.bot.or.th", "1441", "แม่ เย็นนี้กลับบ้านดึกนะ ฝากให้อาหารแมวด้วย", "Dinner is at seven on Saturday"]
    heard = await asyncio.gather(*(program.line.says(f"Usafe{at}", text) for at, text in enumerate(asked)))
    assert [each.text for each in heard if promise.search(each.text)] == []


# --- words ------------------------------------------------------------------------------------------------------------
COMMANDS = {
    "menu": (("เมนู", "ช่วยเหลือ", "MENU", "Help"), "/start /help", "greeting_title menu_title"),
    "report": (("รายงาน", "Report"), "/report", "consent_title"),
    "cancel": (("ยกเลิก", "CANCEL"), "/cancel", "cancelled_title nothing_to_cancel_title"),
    "paid": (("โอนเงินไปแล้ว", "ฉุกเฉิน", "I paid", "EMERGENCY"), "/paid", "paid_title"),
    "status": (("สถานะ", "Status"), "/status", "status_none_title"),
    "on": (("ติดตาม", "SUBSCRIBE"), "/subscribe", "subscribed_title"),
    "off": (("เลิกติดตาม", "Unsubscribe"), "/unsubscribe", "unsubscribed_title"),
    "language": (("ภาษา", "LANGUAGE"), "/language", "language_title"),
    "forget": (("ลบข้อมูล", "Forget me"), "/forget", "forget_ask_title"),
    "privacy": (("ความเป็นส่วนตัว", "PRIVACY"), "/privacy", "privacy_title"),
}


@pytest.mark.parametrize("action", list(COMMANDS))
async def test_every_word_works_in_any_case_on_every_platform(
    program: Program, knowledge: Knowledge, action: str
) -> None:
    words, commands, keys = COMMANDS[action]
    titles = [title for key in keys.split() for title in (knowledge.phrases[key].th, knowledge.phrases[key].en)]
    for platform, person in people(program, f"word{action}").items():
        for word in (*words, *(commands.split() if platform == "telegram" else ())):
            heard = await person.says(word)
            assert any(title in heard.text for title in titles), (platform, word, heard.text)


# --- a report, and being forgotten ------------------------------------------------------------------------------------
STORY = {
    "th": "เขาโทรมาว่าถูกรางวัล ให้โอนค่าภาษีก่อนเข้าบัญชี 123-4-56789-0",
    "en": "They called and said I had won a prize and must send the tax first to 123-4-56789-0",
}
SPOKEN = {
    "th": ("รายงาน", "ยินยอม", "เลขที่รับเรื่อง", "สถานะ", "ลบข้อมูล", "ยืนยันลบ"),
    "en": ("report", "I agree", "Case number", "status", "forget me", "Yes, erase"),
}


@pytest.mark.parametrize(
    ("language", "typed"), [("th", True), ("en", False)], ids=["typed in Thai", "by English buttons"]
)
async def test_a_report_ends_with_a_number_that_stands_in_the_export_until_it_is_forgotten(
    program: Program, language: str, typed: bool
) -> None:
    begin, agree, number_after, status, forget, erase = SPOKEN[language]

    async def reports(person: Person) -> str:
        asked = await person.says(begin)
        assert agree in asked.buttons, asked.buttons
        await (person.says(agree) if typed else person.taps(asked.buttons[agree]))
        done = await person.says(STORY[language])
        number = re.search(rf"{number_after}\s*\**\s*(RT-\d{{4}}-\d{{6,}})", done.text)
        assert number and valid_case_number(number[1]), done.text
        assert number[1].startswith(f"RT-{datetime.now(BANGKOK).year}-")
        assert number[1] in (await person.says(status)).text
        return number[1]

    async def is_forgotten(person: Person, number: str) -> None:
        sure = await person.says(forget)
        assert erase in sure.buttons and number in (await person.says(status)).text, "asked first, nothing gone"
        sure = await person.says(forget)
        await (person.says(erase) if typed else person.taps(sure.buttons[erase]))
        assert number not in (await person.says(status)).text

    known = list(people(program, f"report{language}").values())
    numbers = await asyncio.gather(*(reports(person) for person in known))
    assert len(set(numbers)) == 3
    rows = await _exported(program)
    assert all("123-4-56789-0" not in str(rows[number]) and rows[number]["text"] for number in numbers)
    assert "Ureport" not in str(rows)
    await asyncio.gather(*(is_forgotten(person, number) for person, number in zip(known, numbers, strict=True)))
    rows = await _exported(program)
    assert not any(rows[number]["text"] for number in numbers if number in rows)


async def _exported(program: Program) -> dict[str, dict[str, str]]:
    """The reports by number; both forms hold the same."""
    forms = ("csv", "jsonl")
    table, lines = await asyncio.gather(*(program.rutan("export", "reports", "--format", form) for form in forms))
    assert table.code == lines.code == 0, table.err + lines.err
    rows = {row["number"]: row for row in csv.DictReader(io.StringIO(table.out))}
    assert list(rows) == [json.loads(each)["number"] for each in lines.out.splitlines()]
    return rows


@pytest.mark.slow
async def test_the_operator_erases_a_person_by_platform_and_id(program: Program) -> None:
    line = program.line
    await line.says("Uerased", "รายงาน")
    await line.says("Uerased", "ยินยอม")
    assert "RT-" in (await line.says("Uerased", STORY["th"])).text
    done = await program.rutan("forget", "line", "Uerased")
    assert done.code == 0, done.err
    assert "RT-" not in (await line.says("Uerased", "สถานะ")).text
    assert "Uerased" not in (await program.rutan("export", "audit", "--format", "jsonl")).out


async def test_who_may_harm_themselves_hears_first_that_they_are_not_alone(program: Program) -> None:
    for person in people(program, "crisis").values():
        heard = await person.says(f"ไม่อยากอยู่แล้ว เขาส่งมาว่า {SCAM_TH}")
        words = heard.text
        assert words.index("คุณไม่ได้อยู่คนเดียว") < words.index("1323") < words.index("191")
        assert "อันตราย!" not in words[: words.index("1323")]


# --- over HTTP --------------------------------------------------------------------------------------------------------
async def test_every_page_and_route_of_the_contract_answers(program: Program) -> None:
    for path in (
        "/",
        "/desk",
        "/score",
        "/health/live",
        "/health/ready",
        "/metrics",
        "/api/v1/openapi.json",
        "/api/v1/docs",
    ):
        async with program.http.get(program.url + path) as answer:
            assert answer.status == 200, path
            assert await answer.text(), path


LEVELS = ("known_scam", "warning_signs", "not_known", "not_a_check")


async def test_a_verdict_has_the_shape_of_the_contract_over_http_and_at_the_command_line(program: Program) -> None:
    texts = {"scam": SCAM_TH, "english": SCAM_EN, "bare link": "parcel-pay-th.example/pay", "hello": "สวัสดีค่ะ"}
    over_http: dict[str, JSON] = {}
    for name, text in texts.items():
        async with program.http.post(f"{program.url}/api/v1/check", json={"text": text}) as answer:
            assert answer.status == 200
            over_http[name] = await answer.json()
            assert over_http[name].pop("reply")["paragraphs"]
    lines = "\n".join(json.dumps({"id": name, "text": text}) for name, text in texts.items())
    (program.folder / "asked.jsonl").write_text(lines, encoding="utf-8")
    told = await program.rutan("check", "--jsonl", "asked.jsonl")
    at_the_line = {name: json.loads(each) for name, each in zip(texts, told.out.splitlines(), strict=True)}
    for name, verdict in [*over_http.items(), *at_the_line.items()]:
        _has_the_shape(verdict)
        assert verdict["level"] == over_http[name]["level"]
    assert over_http["scam"]["level"] == "known_scam" and over_http["hello"]["level"] == "not_a_check"
    assert [over_http["scam"]["language"], over_http["english"]["language"]] == ["th", "en"]


def _has_the_shape(verdict: JSON) -> None:
    assert set(verdict) == {
        "id", "level", "type", "entry", "score", "candidates", "question", "signs", "entities", "language", "content_version",
    }  # fmt: skip
    assert verdict["level"] in LEVELS and 0 <= verdict["score"] <= 1
    assert verdict["type"] is None or verdict["type"] in set(ScamType)
    assert len(verdict["candidates"]) <= 5
    scores = [each["score"] for each in verdict["candidates"]]
    assert scores == sorted(scores, reverse=True)
    assert all(set(each) == {"entry", "type", "score"} for each in verdict["candidates"])
    assert all(set(each) == {"kind", "value", "finding"} for each in verdict["entities"])
    assert verdict["question"] is None or verdict["level"] in ("warning_signs", "not_known")


async def test_the_types_are_those_of_the_contract() -> None:
    named = """loan parcel authority_call job_task investment romance utility_refund bank_impersonation prize_gift
    gambling_spam account_takeover shopping tax_land_gov_app friend_impersonation sextortion crypto qr charity remote_app
    mule_account accommodation_tour ticket recovery fake_fine page_phishing overseas_job_trafficking virtual_kidnap
    deepfake_ad debt_guarantor fake_slip other"""
    assert {each.value for each in ScamType} == set(named.split())


# --- the command line -------------------------------------------------------------------------------------------------
HELPED = (
    "serve", "check", "evaluate", "bench", "content phrases", "content check", "officials add", "hubs add", "bulletins draft",
    "bulletins list", "bulletins show", "bulletins cancel", "bulletins approve", "bulletins send", "bulletins status",
    "export reports", "export bulletins", "export deliveries", "export audit", "forget", "migrate",
)  # fmt: skip
REFUSED = (
    ("serve", "--only", "dinner"), ("export", "reports", "--format", "xml"), ("forget", "fax", "1"), ("officials", "add", "Nok"),
    ("bulletins", "draft"), ("check",),
)  # fmt: skip


async def test_every_command_has_help_and_wrong_calls_exit_2(program: Program) -> None:
    helped = await asyncio.gather(*(program.rutan(*words.split(), "--help") for words in HELPED))
    assert [
        words for words, said in zip(HELPED, helped, strict=True) if said.code or "Usage: rutan" not in said.out
    ] == []
    refused = await asyncio.gather(*(program.rutan(*words) for words in REFUSED))
    for words, said in zip(REFUSED, refused, strict=True):
        assert said.code == 2 and said.err and "Traceback" not in said.err, (words, said)


@pytest.mark.slow
async def test_a_bulletin_goes_its_way_at_the_command_line_while_nothing_serves(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with program_in(tmp_path_factory.mktemp("bulletins")) as alone:

        async def bulletins(*words: str, code: int = 0) -> str:
            said = await alone.rutan("bulletins", *words)
            assert said.code == code and "Traceback" not in said.err, (words, said)
            return said.out if code == 0 else said.err

        team = (("Ann", "editor"), ("Ben", "approver"), ("Rob", "reader"))
        for added in await asyncio.gather(
            *(alone.rutan("officials", "add", name, "--role", role) for name, role in team)
        ):
            assert added.code == 0 and re.search(r"http://\S+/desk/welcome/\S+", added.out), added
        month = datetime.now(BANGKOK).strftime("%Y-%m")
        id = str(json.loads(await bulletins("draft", "--month", month, "--json"))["id"])
        shown, unsigned, _ = await asyncio.gather(
            bulletins("show", id), bulletins("send", id, code=1), bulletins("approve", id, "--as", "Ann")
        )
        assert "so far" in shown and "ถึงขณะนี้" in shown and unsigned
        wrong = ("Ann", "Rob")
        assert all(await asyncio.gather(*(bulletins("approve", id, "--as", name, code=1) for name in wrong)))
        await bulletins("approve", id, "--as", "Ben")
        assert await bulletins("send", id, "--at", "tomorrow", code=2)
        assert await _state(bulletins, id) == "signed", "a refused call leaves it as it was"
        audit, deliveries, all_bulletins = await asyncio.gather(
            *(alone.rutan("export", what, "--format", "jsonl") for what in ("audit", "deliveries", "bulletins"))
        )
        assert audit.code == deliveries.code == all_bulletins.code == 0
        assert [json.loads(each)["state"] for each in all_bulletins.out.splitlines()] == ["signed"]
        assert "welcome" not in audit.out, "no one-time link in the log"


async def _state(bulletins: Any, id: str) -> str:
    told = json.loads(await bulletins("status", id, "--json"))
    assert {"id", "state", "recipients", "sent", "failed", "skipped", "waiting"} <= set(told)
    assert told["recipients"] == told["sent"] + told["failed"] + told["skipped"] + told["waiting"]
    return str(told["state"])


async def test_a_fresh_machine_is_told_which_platform_is_off_and_what_turns_it_on(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with program_in(tmp_path_factory.mktemp("fresh")) as alone:
        await alone.serve(platforms=False)
        said = [each for each in alone.said().splitlines() if "off" in each.lower()]
        assert any(
            "LINE" in each and "LINE_CHANNEL_SECRET" in each and "LINE_CHANNEL_ACCESS_TOKEN" in each for each in said
        )
        assert any("Telegram" in each and "TELEGRAM_BOT_TOKEN" in each for each in said)
        heard = await people(alone, "fresh")["web"].says(SCAM_TH)
        assert "1441" in heard.text
        assert await alone.end() < 10


@pytest.mark.slow
async def test_ended_with_hundreds_in_flight_it_goes_within_ten_seconds_and_the_next_start_answers_all(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    async with program_in(tmp_path_factory.mktemp("ended")) as busy:
        await busy.serve()
        line = busy.line
        # So slowly that on a busy machine too hundreds wait when all have written, and so that what has begun may end.
        line.answer_after = 2.0
        asked = [f"Ubusy{number}" for number in range(300)]

        async def write(names: list[str]) -> None:
            events = [line.text_event(name, f"{SCAM_TH} {name}") for name in names]
            assert await line.send(*events) == 200

        await asyncio.gather(*(write(asked[at : at + 20]) for at in range(0, len(asked), 20)))
        assert len(asked) - len(line.answers) >= 200, "hundreds are in flight"
        assert await busy.end() < 10
        assert len(line.answers) < len(asked), "there was something to lose"
        assert "Traceback" not in busy.said()
        line.answer_after = 0.0
        await busy.serve()
        await _until(lambda: len(line.answers) >= len(asked), 60)
        await asyncio.sleep(0.5)
        assert sorted(each.to for each in line.answers) == sorted(asked), "each once"


async def _until(reached: Any, seconds: float) -> None:
    """Wait until it is true, or the time is up: the assertions that follow say what is missing."""
    for _ in range(int(seconds * 20)):
        if reached():
            return
        await asyncio.sleep(0.05)
