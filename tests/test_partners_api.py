"""What partners ask over HTTP, of a whole house: who may, what they see, and how they are refused."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from conftest import House, house_of
from partner_cast import Program, program, something_to_read, timed
from store_cast import change, rows

from bot.commands import partners as commands
from bot.partners.edge import LARGEST_BATCH, LARGEST_BODY
from bot.partners.scopes import Scope
from bot.store import SqlStore
from bot.store.audit import OPERATOR
from bot.store.casebook import CaseBook, Decision, DecisionKind
from bot.store.partners import PartnerBook
from bot.verdict_json import as_json
from content.knowledge import Knowledge
from content.models import Language
from content.verdict import judge
from handlers.officials import Official, Role
from scheduler.trends import Month

SCAM = "พัสดุของท่านตกค้าง กรุณาชำระค่าธรรมเนียม 39 บาท ที่ http://parcel-pay.example/th โทร 081-000-1234"
NAT = Official(1, "nat", Role.APPROVER)
READS = {
    Scope.ENTRIES: ("/entries", "/entries/parcel-fee-link"),
    Scope.DIRECTORY: ("/directory", "/directory/lookup?kind=phone&value=1441"),
    Scope.ALERTS: ("/alerts",),
    Scope.TRENDS: ("/trends",),
}
WRITES = {
    Scope.CHECK: ("/check/batch", {"texts": [{"text": SCAM}]}),
    Scope.REPORTS: ("/reports", {"text": SCAM, "consent": True}),
}


# Beside the API: of the early-warning feeds, those that are not public.
FEEDS = {
    Scope.FEEDS: ("/feeds/misp/partners/manifest.json", (Scope.FEEDS,)),
    Scope.IDENTIFIERS: ("/feeds/misp/agencies/manifest.json", (Scope.FEEDS, Scope.IDENTIFIERS)),
}


async def test_no_scope_is_offered_that_opens_nothing(house: House) -> None:
    """What those of the API open is asked below."""
    assert {*READS, *WRITES, *FEEDS} == set(Scope)
    for scope, (path, scopes) in FEEDS.items():
        without = tuple(each for each in scopes if each is not scope) or (Scope.ENTRIES,)
        for given, status in ((scopes, 200), (without, 403)):
            partner = await program(house, *given, name=f"{scope} {status}")
            headers = {"Authorization": f"Bearer {partner.key}"}
            async with house.http.get(house.url + path, headers=headers) as answer:
                assert answer.status == status, (path, given)


async def test_a_scope_that_is_offered_no_more_opens_nothing_and_stops_nobody(house: House) -> None:
    partner = await program(house, Scope.ENTRIES)
    change(house.settings.database_url, "update partners set scopes = scopes || ',takedowns'")
    assert (await partner.get("/entries")).status == 200 and (await partner.get("/trends")).trouble == "missing-scope"
    (listed,) = await house.bot.partners.book.every()
    assert listed.partner.scopes == {Scope.ENTRIES}


def test_the_command_line_knows_every_scope() -> None:
    assert tuple(each.value for each in Scope) == commands.SCOPES


async def test_each_key_opens_what_its_scopes_name_and_is_refused_all_else(house: House) -> None:
    for scope in Scope:
        partner = await program(house, scope)
        for other, paths in READS.items():
            for path in paths:
                seen = await partner.get(path)
                assert seen.status == (200 if other is scope else 403), (scope, path, seen.text)
                if other is not scope:
                    assert seen.trouble == "missing-scope" and other.value in seen.headers["WWW-Authenticate"]
        for other, (path, body) in WRITES.items():
            seen = await partner.post(path, body)
            assert seen.status in ((200, 201) if other is scope else (403,)), (scope, path, seen.text)
        assert (await partner.post("/check", {"text": SCAM})).status == (200 if scope is Scope.CHECK else 403)

    nobody = Program(house)
    for paths in READS.values():
        for path in paths:
            seen = await nobody.get(path)
            assert seen.trouble == "no-key" and seen.headers["WWW-Authenticate"].startswith("Bearer ")
    assert (await nobody.post("/check", {"text": SCAM})).status == 200, "the check is for everybody"
    for wrong in ("Bearer rtn_wrong", "Basic cm9vdDpyb290", "Bearer", "rtn_", "Bearer " + "ก"):
        seen = await nobody.get("/entries", headers={"Authorization": wrong.encode().decode("latin-1")})
        assert seen.status == 401 and seen.trouble == "wrong-key"
        assert (await nobody.post("/check", {"text": "x"}, headers={"Authorization": "Bearer rtn_x"})).status == 401


async def test_a_key_that_ends_is_refused_at_the_next_request_in_every_process(house: House) -> None:
    clock = timed(house)
    ends = await program(house, Scope.ENTRIES, name="ends", until=clock.now() + timedelta(days=1))
    stays = await program(house, name="stays")
    other = SqlStore.open(house.settings.database_url, house.settings.keys(), house.bot.ports.clock)
    try:
        assert (await stays.get("/entries")).status == 200
        # By another process: the command line, or another server.
        await PartnerBook(other.foundation).revoke("stays", OPERATOR)
        assert (await stays.get("/entries")).trouble == "revoked-key"
    finally:
        other.close()
    assert (await ends.get("/entries")).status == 200
    clock.on(days=1)
    seen = await ends.get("/entries")
    assert seen.trouble == "expired-key"
    assert 'error="invalid_token"' in seen.headers["WWW-Authenticate"]


async def test_a_rate_is_told_and_kept_to(tmp_path: Path) -> None:
    async with house_of(tmp_path, checks_per_minute=5) as house:
        clock = timed(house)
        slow = await program(house, rate=40)
        first = await slow.get("/entries?limit=1")
        assert first.headers["RateLimit-Policy"] == '"partner";q=40;w=60'
        assert re.fullmatch(r'"partner";r=39;t=\d+', first.headers["RateLimit"])
        batch = {"texts": [{"text": "โอนด่วน"}] * 30}
        assert (await slow.post("/check/batch", batch)).status == 200
        seen = await slow.post("/check/batch", batch)
        assert seen.trouble == "too-many-requests" and 1 <= int(seen.headers["Retry-After"]) <= 60
        assert (await slow.post("/check/batch", {"texts": [{"text": "โอนด่วน"}] * 41})).trouble == "batch-over-rate"
        while (left := await slow.get("/alerts")).status == 200:
            assert "RateLimit" in left.headers
        assert left.trouble == "too-many-requests"
        clock.on(minutes=1)
        assert (await slow.get("/alerts")).status == 200
        # Whoever tries keys is slowed down like everybody without one; this machine itself is not.
        guess = {"Authorization": "Bearer guess", "X-Forwarded-For": "203.0.113.7"}
        statuses = [(await Program(house).get("/entries", headers=guess)).status for _ in range(9)]
        assert statuses[:5] == [401] * 5 and statuses[-1] == 429


async def test_entries_and_directory_come_in_pages_with_etags_in_the_language_asked_for(
    house: House, knowledge: Knowledge
) -> None:
    partner = await program(house)
    found, cursor = [], ""
    while True:
        page = (await partner.get(f"/entries?limit=40{cursor}")).body
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    live = {each.id: each for each in knowledge.entries.values() if each.state == "live"}
    assert [each["id"] for each in found] == sorted(live)
    entry = live["parcel-fee-link"]
    whole = (await partner.get("/entries/parcel-fee-link?language=en")).body
    assert whole["title"] == {"th": None, "en": entry.title.en} and whole["do_now"]["en"] == list(entry.do_now.en)
    assert whole["scammers_say"]["en"] == list(entry.phrases.scammer.en) and whole["sources"]
    parcels = (await partner.get("/entries?type=parcel")).body["items"]
    assert parcels and {each["type"] for each in parcels} == {"parcel"}

    first = await partner.get("/entries?limit=3")
    tag = {"If-None-Match": f'"other", W/{first.headers["ETag"]}'}
    again = await partner.get("/entries?limit=3", headers=tag)
    assert (again.status, again.text, again.headers["ETag"]) == (304, "", first.headers["ETag"])
    assert (await partner.get("/entries?limit=4", headers=tag)).status == 200
    assert "private" in first.headers["Cache-Control"]
    head = await partner.ask("HEAD", "/entries?limit=3")
    assert (head.status, head.text, head.headers["ETag"]) == (200, "", first.headers["ETag"])
    assert head.headers["Content-Length"] == str(len(first.text.encode()))

    assert (await partner.get("/entries/no-such")).trouble == "not-found"
    for wrong in ("limit=0", "limit=201", "limit=x", "cursor=", "cursor=%00", "type=nothing", "language=fr"):
        seen = await partner.get(f"/entries?{wrong}")
        assert seen.trouble == "invalid" and seen.body["errors"][0]["pointer"].startswith("/query/"), wrong

    banks = (await partner.get("/directory?q=กสิกร&language=th")).body["items"]
    assert "kbank" in [each["id"] for each in banks] and banks[0]["name"]["en"] is None
    looked = (await partner.get("/directory/lookup?kind=domain&value=https://kasikorn-bank.top/login")).body
    assert (looked["finding"], looked["imitates"]) == ("lookalike", "kasikornbank.com")
    assert (looked["value"], looked["organisation"]["id"]) == ("kasikorn-bank.top", "kbank")
    own = (await partner.get("/directory/lookup", params={"kind": "phone", "value": "+66 2 888 8888"})).body
    assert (own["value"], own["finding"], own["organisation"]["id"]) == ("028888888", "official", "kbank")
    unknown = (await partner.get("/directory/lookup?kind=phone&value=0810001234")).body
    assert unknown["finding"] == "unknown" and unknown["organisation"] is None
    for wrong in ("", "kind=phone", "value=1", "kind=page&value=1"):
        assert (await partner.get(f"/directory/lookup?{wrong}")).trouble == "invalid"


async def test_trends_are_of_months_that_have_ended(house: House) -> None:
    partner = await program(house, Scope.TRENDS)
    await something_to_read(house)
    last = (await partner.get("/trends")).body
    totals = {each["name"]: each["count"] for each in last["totals"]}
    # Beside the thirty, twenty-seven would tell the three; beside the table of losses, twenty-three would.
    assert (totals["asked"], totals["warned"], totals["unknown"], totals["known"]) == (30, None, None, None)
    assert (totals["reports"], totals["reporters"], totals["lost_money"], totals["late"]) == (59, 59, None, 0)
    losses = next(
        {row["key"]: row["count"] for row in table["rows"]} for table in last["tables"] if table["by"] == "loss"
    )
    assert losses == {"": 30, "under_1k": 20, "1k_10k": None, "none": None}
    assert {each["name"] for each in last["totals"]} >= {"asked", "warned", "reports"}
    assert "hub" not in {each["by"] for each in last["tables"]}
    assert (await partner.get(f"/trends?month={last['month']}")).body == last
    for early in (Month.of(house.bot.store.foundation.today()).text, "2099-01"):
        assert (await partner.get(f"/trends?month={early}")).trouble == "not-found", early
    for wrong in ("2026-13", "2026-00", "0001-01", "1999-12", "02026-01", "x"):
        assert (await partner.get(f"/trends?month={wrong}")).trouble == "invalid", wrong


async def test_a_report_weighs_as_a_partners_word_is_masked_and_comes_back(house: House) -> None:
    partner, other = await program(house, Scope.REPORTS, name="Desk"), await program(house, Scope.REPORTS, name="Other")
    body = {
        "text": SCAM + " บอกคุณสมชาย ใจดี",
        "consent": True,
        "came_by": "sms",
        "loss": "1k_10k",
        "province": "khon-kaen",
    }
    key = {"Idempotency-Key": "call-17"}
    filed = await asyncio.gather(*(partner.post("/reports", body, headers=key) for _ in range(4)))
    numbers = {each.body["number"] for each in filed}
    assert {each.status for each in filed} == {201} and len(numbers) == 1
    assert sorted(each.headers.get("Idempotency-Replayed", "") for each in filed) == ["", "true", "true", "true"]
    number = numbers.pop()
    assert filed[0].headers["Location"] == f"/api/v1/reports/{number}"
    assert (await partner.post("/reports", body | {"text": "โอนด่วน"}, headers=key)).trouble == "idempotency-key-reused"
    assert (await other.post("/reports", body, headers=key)).body["number"] != number, "each partner names its own"

    assert "call-17" not in str(rows(house.settings.database_url, "partner_reports"))
    (report, _) = rows(house.settings.database_url, "reports")
    assert (report["number"], report["evidence"], report["platform"]) == (number, "partner", "partner")
    assert (report["came_by"], report["loss"], report["province"]) == ("sms", "1k_10k", "khon-kaen")
    assert "1234" not in str(report["text"]) and "parcel-pay.example" in str(report["text"])
    (case,) = rows(house.settings.database_url, "cases")
    assert (case["reports"], case["reporters"], case["weight"]) == (2, 2, 6.0), "of two partners, three citizens each"
    # A partner's word is no proof: what it named moves a verdict to a caution at most.
    answer = await Program(house).post("/check", {"text": "โทรมาจาก 081-000-1234 บอกให้รอสาย"})
    assert answer.body["level"] in ("not_known", "warning_signs")

    assert (await other.get(f"/reports/{number}")).trouble == "not-found"
    standing = (await partner.get(f"/reports/{number}")).body
    assert (standing["state"], standing["decision"]) == ("received", None) and standing["promised_on"]
    book = CaseBook(house.bot.store.foundation)
    found = await book.case(int(str(case["id"])))
    await book.decide(found.row.id, found.row.version, Decision(DecisionKind.SCAM, "parcel", "parcel-fee-link"), NAT)
    standing = (await partner.get(f"/reports/{number}")).body
    assert [standing[each] for each in ("state", "decision", "entry", "type")] == [
        "answered", "scam", "parcel-fee-link", "parcel",
    ]  # fmt: skip

    assert (await partner.ask("DELETE", f"/reports/{number}")).status == 204
    assert (await partner.ask("DELETE", f"/reports/{number}")).trouble == "not-found"
    assert (await partner.get(f"/reports/{number}")).trouble == "not-found"
    assert (await partner.post("/reports", body, headers=key)).trouble == "idempotency-key-reused"
    for wrong in (
        {},
        {"text": SCAM},
        {"text": SCAM, "consent": False},
        body | {"province": "nowhere"},
        body | {"more": 1},
    ):
        assert (await partner.post("/reports", wrong)).trouble == "invalid", wrong
    assert (await partner.post("/reports", body, headers={"Idempotency-Key": "a b"})).trouble == "invalid"


async def test_a_batch_gives_what_each_check_gives_in_order_and_citizens_go_first(
    house: House, knowledge: Knowledge
) -> None:
    partner = await program(house, Scope.CHECK)
    entries = list(knowledge.entries.values())
    texts = [text for each in entries for text in (*each.phrases.scammer.th, *each.phrases.victim.en)][:400]
    texts += ["ครึ่ง\ud800ตัว", "😀" * 2500, "\u0000", "hi"]
    body = {"texts": [{"id": str(n), "text": text} for n, text in enumerate(texts)]}
    batch = asyncio.create_task(
        partner.ask("POST", "/check/batch", data=json.dumps(body), headers={"Content-Type": "application/json"})
    )
    # Too short to be taken for a forward: nothing is waited for but the answer.
    asked = [asyncio.create_task(house.line.says(f"U{n:03}", "พัสดุตกค้าง")) for n in range(5)]
    await asyncio.wait({batch, *asked}, return_when=asyncio.FIRST_COMPLETED)
    assert not batch.done(), "nobody waits behind a batch"
    answers = await asyncio.gather(*asked)
    assert len(answers) == 5
    results = (await batch).body["results"]
    assert [each["id"] for each in results] == [str(n) for n in range(len(texts))]
    for given, text in zip(results[:50], texts, strict=False):
        alone = await Program(house).post("/check", {"text": text})
        assert {**given["verdict"], "reply": alone.body["reply"]} == alone.body
    thai = as_json(judge(texts[0], house.bot.ports.knowledge, Language.THAI))
    assert results[0]["verdict"] == thai and results[-1]["verdict"]["level"] == "not_a_check"

    told = await partner.post("/check/batch", {"texts": [{"text": SCAM, "language": "en"}], "reply": True})
    assert told.body["results"][0]["id"] is None and told.body["results"][0]["verdict"]["reply"]["paragraphs"]
    for wrong in ([], [{"text": ""}], [{"text": "x" * 20_001}], [{"text": "x"}] * 501, [{"text": "x", "y": 1}], "x"):
        seen = await partner.post("/check/batch", {"texts": wrong})
        assert seen.trouble == "invalid" and "xxxx" not in seen.text


async def test_whatever_is_wrong_is_told_as_a_problem(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    partner = await program(house)
    json_kind = {"Content-Type": "application/json"}
    assert (await partner.get("/nothing")).trouble == "not-found"
    refused = await partner.ask("PUT", "/entries")
    assert refused.trouble == "method-not-allowed" and refused.headers["Allow"] == "HEAD, GET, OPTIONS"
    options = await Program(house).ask("OPTIONS", "/reports", headers={"Origin": "https://elsewhere.example"})
    assert (options.status, options.headers["Allow"]) == (204, "POST, OPTIONS")
    assert not [name for name in options.headers if name.lower().startswith("access-control")]
    assert (await Program(house).ask("OPTIONS", "/nothing")).trouble == "not-found"
    for data, headers, trouble in (
        (b"text=x", {"Content-Type": "text/plain"}, "not-json"),
        (b"{", json_kind, "invalid"),
        (b"[" * 100_000, json_kind, "bad-request"),
        (b'{"text": ' + b"1" * 5000 + b"}", json_kind, "bad-request"),
        (b"\x80abc", json_kind, "bad-request"),
        (b'"' + b"x" * LARGEST_BODY + b'"', json_kind, "too-large"),
    ):
        seen = await partner.ask("POST", "/check", data=data, headers=headers)
        assert seen.trouble == trouble and len(seen.text) < 1000, (data[:20], seen.text)

    async def endless() -> object:
        while True:
            yield b"x" * 65_536

    assert (await partner.ask("POST", "/check", data=endless(), headers=json_kind)).trouble == "too-large"
    large = b'{"texts": [{"text": "' + b"x" * LARGEST_BATCH + b'"}]}'
    assert (await partner.ask("POST", "/check/batch", data=large, headers=json_kind)).trouble == "too-large"
    many = {"texts": [{"text": "x" * 8_000}] * 40}
    assert (await partner.post("/check/batch", many)).status == 200, "a batch may be larger than a check"

    house.bot.ports.knowledge, whole = None, house.bot.ports.knowledge  # type: ignore[assignment]
    broken = await partner.post("/check", {"text": SCAM})
    house.bot.ports.knowledge = whole
    assert broken.trouble == "internal" and "Traceback" not in broken.text and "NoneType" not in broken.text
    house.bot.store.close()
    gone = await partner.get("/entries")
    assert gone.trouble == "unavailable" and gone.headers["Retry-After"]
    said = "".join(capfd.readouterr())
    assert SCAM[:20] not in said and partner.key not in said


async def test_what_is_open_to_all_needs_no_key_and_says_so(house: House) -> None:
    described = (await Program(house).get("/openapi.json")).body
    operations = [
        (path, method, each)
        for path, methods in described["paths"].items()
        for method, each in methods.items()
        if path.startswith("/api/v1")
    ]
    names = [each["operationId"] for _, _, each in operations]
    assert len(set(names)) == len(names) and all(re.fullmatch(r"[a-z_]+", name) for name in names)
    assert described["components"]["securitySchemes"]["PartnerKey"]["scheme"] == "bearer"
    for path, method, each in operations:
        assert each["tags"] and each["summary"] and each.get("description"), path
        assert each["security"] == ([{}, {"PartnerKey": []}] if path == "/api/v1/check" else [{"PartnerKey": []}]), path
        expected = {"401", "403", "429", "500", "503", "422"}
        assert expected <= set(each["responses"]), (path, method)
        for status, answer in each["responses"].items():
            if status >= "400":
                assert list(answer["content"]) == ["application/problem+json"], (path, status)
        if "requestBody" in each:
            shape = each["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            assert described["components"]["schemas"][shape]["examples"], path
