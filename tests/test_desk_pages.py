"""The desk's pages: today, the queue, a case, trends. As each role, by keyboard alone, without JavaScript, and for two at once."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from datetime import timedelta

import pytest
from browsing import faults
from conftest import House
from desk_cast import DESKTOP, PHONE, Seen, Visitor, at_desk, desk_page, visitor
from playwright.async_api import expect
from store_cast import ANSWER, NUMBERED, REPORT, answered, change

from bot.desk import labels
from bot.desk.charts import Column, columns, nice_top, share
from bot.desk.names import Names
from bot.desk.trends import SUPPRESSED, written
from bot.store.casebook import CaseBook
from bot.store.figures import Figures
from content.cleaning import skeleton
from content.models import Language, ScamType
from content.verdict import Level
from handlers.limits import LimitKind
from handlers.messages import (
    Address,
    CameBy,
    Checked,
    Details,
    Happened,
    Loss,
    NewReport,
    Outcome,
    Platform,
    Session,
    Sighting,
)
from handlers.named import named_in
from handlers.officials import Role
from scheduler.trends import Counted, Dimension, Month, Total

PARCEL = "พัสดุของท่านค้างที่ศูนย์คัดแยก ชำระค่านำจ่ายซ้ำ 9 บาทผ่านลิงก์ https://th-parcel-pay.example/a1 ภายในวันนี้ไม่งั้นตีกลับ"
LOAN = "ยินดีด้วย คุณได้รับอนุมัติเงินกู้ 50,000 บาท โอนค่าค้ำประกันสัญญาก่อน 1,500 บาท แอดไลน์ @loan-easy-now แล้วรับเงินทันที"
LONG = "รับสมัครพนักงานกดไลก์วันละสามพันบาท" + "ไม่ต้องมีประสบการณ์ทำงานที่บ้านได้ทุกเพศทุกวัย" * 6
SCRIPT = "<script>alert('x')</script> \"onmouseover=alert(1) {{7*7}} พัสดุของคุณมีปัญหาต้องจ่ายเงินเพิ่มอีกสามสิบบาทภายในวันนี้เท่านั้น"


async def reported(
    house: House, text: str, who: str = "somchai", level: Level = Level.KNOWN_SCAM, **more: object
) -> str:
    """Somebody asks about a text and reports it; its number."""
    store = house.bot.store
    fingerprint = store.fingerprinter.of(text)
    known = level is not Level.NOT_KNOWN
    report = NewReport(
        text, Language.THAI, level, ScamType.PARCEL if known else None, "parcel-fee-link" if known else None, fingerprint,
        skeleton(text), named_in(text, house.bot.ports.knowledge.directory), **more,
    )  # fmt: skip
    asked = Checked(level, report.type, report.entry, None, Language.THAI, "v")
    seen = (Sighting(fingerprint, level, report.type, report.entry),) if fingerprint else ()
    address = Address(Platform.WEB, who, who)
    outcome = Outcome(Session(), NUMBERED, (asked,), report, sightings=seen)
    letter = await answered(store, f"{who}-{text[:20]}-{len(text)}", outcome, address)
    assert letter is not None
    number = letter.reply.title.split()[-1]
    details = Details(number, CameBy.SMS, Loss.FROM_1K, "khon-kaen", "โทรมาจากคนชื่อเดียวกันสองรอบ")
    await answered(store, f"{who}-{number}", Outcome(Session(), ANSWER, details=details), address)
    return number


async def first_case(house: House) -> int:
    return (await CaseBook(house.bot.store.foundation).queue("all")).rows[0].id


def version(page: Seen) -> str:
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found is not None
    return found[1]


async def sent(editor: Visitor, path: str, **fields: str) -> Seen:
    """A form of the page on which it stands."""
    return await editor.send(path, fields, page=path.rpartition("/")[0])


# Today


async def test_today_says_what_waits_what_is_late_and_what_was_asked(house):
    await reported(house, PARCEL, "somchai")
    await reported(house, LOAN, "mali", Level.NOT_KNOWN, disputes=True)
    await answered(house.bot.store, "e1", Outcome(Session(), ANSWER, (Happened("emergency", "transfer"),)))
    async with at_desk(house, Role.READER) as reader:
        words = (await reader.get("/desk")).words
        for said in ("2 not opened yet", "0 past the promised day", "1 somebody says we were wrong", "2 messages asked about",
                     "1 Rutan warned", "1 not known", "2 reports", "1 calls for urgent help"):  # fmt: skip
            assert said in words, said


async def test_today_shows_what_rises_with_its_case_and_without_words_where_nobody_reported(house):
    store = house.bot.store
    for person in range(4):
        about = Sighting(store.fingerprinter.of(LONG), Level.NOT_KNOWN, None, None)
        address = Address(Platform.WEB, f"p{person}", f"p{person}")
        await answered(store, f"r{person}", Outcome(Session(), ANSWER, sightings=(about,)), address)
        await reported(house, LOAN, f"q{person}", Level.NOT_KNOWN)
    async with at_desk(house, Role.READER) as reader:
        page = await reader.get("/desk")
        assert "4 new people in 2 days (0 in the 7 days before)" in page.words
        assert "Nobody has reported it yet" in page.words and f"/desk/case/{await first_case(house)}" in page.text
        assert "กดไลก์" not in page.text


async def test_today_says_when_answers_do_not_leave(house):
    await answered(house.bot.store, "stuck", Outcome(Session(), ANSWER), Address(Platform.LINE, "Unobody", "Unobody"))
    long_ago = (house.bot.ports.clock.now() - timedelta(minutes=9)).isoformat(timespec="microseconds")
    await house.bot.store.foundation.database.write(
        lambda tx: tx._connection.execute(
            "update outbox set received_at = ?, due_at = '2999' where platform = 'line'", (long_ago,)
        )
    )
    async with at_desk(house, Role.READER) as reader:
        assert "LINE: 1 answers are not leaving" in (await reader.get("/desk")).words


# The queue


async def test_the_queue_shows_cases_masked_and_defanged(house):
    await reported(house, PARCEL)
    async with at_desk(house, Role.READER) as reader:
        page = await reader.get("/desk/queue")
        assert "hxxps://th-parcel-pay[.]example/a1" in page.words and "https://th-parcel" not in page.text
        assert "Rutan said: known scam" in page.words and "reported by 1" in page.words


@pytest.mark.parametrize(
    "view", ["open", "received", "in_review", "overdue", "disputed", "answered", "all", "'; drop table cases", ""]
)
@pytest.mark.parametrize("page", ["1", "-4", "99999999999999999999", "x'"])
async def test_the_queue_answers_whatever_is_asked_of_it(house, view, page):
    async with at_desk(house, Role.READER) as reader:
        assert (await reader.get(f"/desk/queue?view={view}&sort={page}&page={page}")).status == 200


async def test_an_empty_list_says_so(house):
    async with at_desk(house, Role.READER) as reader:
        assert "There is nothing in this list." in (await reader.get("/desk/queue?view=overdue")).words


# A case


async def test_a_case_shows_all_that_is_known_and_never_who_reported(house):
    number = await reported(house, PARCEL, "somchai-the-secret")
    await reported(house, PARCEL, "mali-the-secret")
    async with at_desk(house, Role.READER) as reader:
        page = await reader.get(f"/desk/case/{await first_case(house)}")
    words = page.words
    for said in (
        number, "reporter A", "reporter B", "hxxps://th-parcel-pay[.]example/a1", "th-parcel-pay[.]example",
        "2 people (2 reports)", "Khon Kaen", "SMS", "1,000–10,000 baht", "โทรมาจากคนชื่อเดียวกันสองรอบ", "Domain", "reported 2 times by 2 people",
        "When it was first reported: known scam", "With today's knowledge:", "New people who asked about it",
    ):  # fmt: skip
        assert said in words, said
    assert "secret" not in page.text and "https://th-parcel" not in page.text
    people = await house.bot.store.foundation.database.read(
        lambda tx: tx._connection.execute("select key from people").fetchall()
    )
    assert len(people) >= 2 and not any(row["key"][:12] in page.text for row in people)


async def test_a_reader_sees_no_form_and_may_send_none(house):
    await reported(house, PARCEL)
    case = await first_case(house)
    async with at_desk(house, Role.READER) as reader:
        page = await reader.get(f"/desk/case/{case}")
        assert f"/desk/case/{case}/" not in page.text
        for form in ("take", "decide", "merge", "hide", "slow", "show"):
            refused = await reader.send(f"/desk/case/{case}/{form}", {"kind": "scam", "version": "1"})
            assert refused.status == 403 and "พัสดุ" not in refused.text
    assert (await CaseBook(house.bot.store.foundation).case(case)).row.decision == ""


@pytest.mark.parametrize("id", ["0", "999", "-1", "1%20or%201=1", "abc", "9" * 30, "%E0%B9%91"])
async def test_there_is_no_such_case(house, id):
    async with at_desk(house, Role.EDITOR) as editor:
        assert (await editor.get(f"/desk/case/{id}")).status == 404
        refused = await editor.send(f"/desk/case/{id}/decide", {"kind": "cant_tell", "version": "1"})
        assert refused.status == 404


async def test_taking_and_deciding_ends_in_answers_and_in_the_log(house):
    await reported(house, PARCEL)
    case = await first_case(house)
    async with at_desk(house, Role.EDITOR, "Mali") as editor:
        taken = await sent(editor, f"/desk/case/{case}/take")
        assert "You have taken this case" in taken.words and "in review" in taken.words
        done = await sent(
            editor,
            f"/desk/case/{case}/decide",
            kind="scam",
            entry="parcel-fee-link",
            remark="อย่ากดลิงก์นะครับ",
            version=version(taken),
        )
        assert done.url.endswith("/desk/queue") and f"Your decision on case {case} is kept" in done.words
        page = await editor.get(f"/desk/case/{case}")
        assert "A scam that we have an entry for" in page.words and "อย่ากดลิงก์นะครับ" in page.words
        assert re.search(r"Mali · took it.*Mali · decided", page.words)
    row = (await CaseBook(house.bot.store.foundation).case(case)).row
    assert (row.decision, row.decided_entry, row.decided_type) == ("scam", "parcel-fee-link", "parcel")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "First choose what it is"),
        ({"kind": "maybe"}, "First choose what it is"),
        ({"kind": "scam"}, "Choose which entry"),
        ({"kind": "scam", "entry": "no-such-entry"}, "Choose which entry"),
        ({"kind": "new_entry", "type": "no_such_type"}, "Choose which entry"),
        ({"kind": "not_a_scam", "remark": "x" * 501}, "too long"),
        ({"kind": "not_a_scam", "remark": "ข้อความนี้ปลอดภัยค่ะ"}, "Never tell people"),
        ({"kind": "not_a_scam", "remark": "This one is SAFE."}, "Never tell people"),
    ],
)
async def test_half_a_decision_is_none_and_what_was_written_stays(house, fields, said):
    await reported(house, PARCEL)
    case = await first_case(house)
    async with at_desk(house, Role.EDITOR) as editor:
        page = await editor.get(f"/desk/case/{case}")
        refused = await sent(editor, f"/desk/case/{case}/decide", version=version(page), **fields)
        assert refused.status == 422 and said in refused.words
        assert fields.get("remark", "")[:500] in refused.text
    assert (await CaseBook(house.bot.store.foundation).case(case)).row.decision == ""


async def test_the_second_of_two_sees_what_the_first_decided_and_keeps_their_words(house):
    await reported(house, PARCEL)
    case = await first_case(house)
    path = f"/desk/case/{case}/decide"
    async with at_desk(house, Role.EDITOR, "Mali") as mali, at_desk(house, Role.APPROVER, "Somchai") as somchai:
        mine, theirs = await mali.get(f"/desk/case/{case}"), await somchai.get(f"/desk/case/{case}")
        await sent(mali, path, kind="scam", entry="parcel-fee-link", remark="ของมะลิ", version=version(mine))
        told = await sent(somchai, path, kind="not_a_scam", remark="ของสมชาย", version=version(theirs))
        assert told.status == 409
        for said in ("Somebody changed this case", "A scam that we have an entry for", "Mali", "ของมะลิ"):
            assert said in told.words, said
        assert "ของสมชาย</textarea>" in told.text and re.search(r'value="not_a_scam"[^>]*checked', told.text)
        row = (await CaseBook(house.bot.store.foundation).case(case)).row
        assert row.decision == "scam", "nothing was overwritten"
        again = await sent(somchai, path, kind="not_a_scam", remark="ของสมชาย", version=version(told))
        assert again.status == 200
    assert (await CaseBook(house.bot.store.foundation).case(case)).row.decision == "not_a_scam"


async def test_of_two_decisions_at_the_same_moment_one_is_told(house):
    await reported(house, PARCEL)
    case = await first_case(house)
    async with at_desk(house, Role.EDITOR, "Mali") as mali, at_desk(house, Role.EDITOR, "Somchai") as somchai:
        page = await mali.get(f"/desk/case/{case}")
        both = await asyncio.gather(
            *(
                sent(each, f"/desk/case/{case}/decide", kind="cant_tell", version=version(page))
                for each in (mali, somchai)
            )
        )
        assert sorted(each.status for each in both) == [200, 409]


async def test_a_decision_is_undone_by_deciding_anew(house):
    await reported(house, PARCEL)
    case = await first_case(house)
    async with at_desk(house, Role.EDITOR) as editor:
        for kind in ("not_a_scam", "cant_tell"):
            page = await editor.get(f"/desk/case/{case}")
            await sent(editor, f"/desk/case/{case}/decide", kind=kind, version=version(page))
        assert "Save the new decision" in (await editor.get(f"/desk/case/{case}")).words
    assert (await CaseBook(house.bot.store.foundation).case(case)).row.decision == "cant_tell"


async def test_two_cases_become_one(house):
    await reported(house, PARCEL, "somchai")
    one = await first_case(house)
    await reported(house, LOAN, "mali")
    other = await first_case(house)
    async with at_desk(house, Role.EDITOR) as editor:
        page = await editor.get(f"/desk/case/{one}")
        for nonsense in (str(one), "999", "x", "", "1 or 1=1"):
            refused = await sent(editor, f"/desk/case/{one}/merge", into=nonsense, version=version(page))
            assert refused.status == 422 and "There is no case of that number" in refused.words
        merged = await sent(editor, f"/desk/case/{one}/merge", into=f"#{other}", version=version(page))
        assert merged.url.endswith(f"/desk/case/{other}") and "2 people (2 reports)" in merged.words
        assert f"part of case {other}" in (await editor.get(f"/desk/case/{one}")).words
        late = await sent(editor, f"/desk/case/{one}/merge", into=str(other), version="1")
        assert late.status in (409, 422)


async def test_everything_of_a_spammer_is_hidden_in_one_step(house):
    number = await reported(house, PARCEL, "spammer")
    await reported(house, LOAN, "spammer")
    case = await first_case(house)
    async with at_desk(house, Role.EDITOR) as editor:
        books = CaseBook(house.bot.store.foundation)
        of_parcel = next(row.id for row in (await books.queue("all")).rows if row.id != case)
        why = await sent(editor, f"/desk/case/{of_parcel}/hide", report=number, reason=" ")
        assert why.status == 422 and "Write why" in why.words
        hidden = await sent(editor, f"/desk/case/{of_parcel}/hide", report=number, reason="ส่งซ้ำก่อกวน")
        assert (
            "2 reports of this person are hidden" in hidden.words
            and "พัสดุ" not in hidden.words.split("Who did what")[0].split("What people sent")[1][:200]
        )
        assert (await sent(editor, f"/desk/case/{case}/hide", report=number, reason="x")).status == 404
    assert (await books.queue()).total == 0


async def test_hiding_is_taken_back_in_one_step_where_it_was_done(house):
    number = await reported(house, PARCEL, "spammer")
    await reported(house, LOAN, "spammer")
    books = CaseBook(house.bot.store.foundation)
    of_parcel = min(row.id for row in (await books.queue("all")).rows)
    async with at_desk(house, Role.EDITOR, "Mali") as editor:
        await sent(editor, f"/desk/case/{of_parcel}/hide", report=number, reason="ส่งซ้ำก่อกวน")
        shown = await sent(editor, f"/desk/case/{of_parcel}/show", report=number, reason="คนละคน")
        assert "2 reports of this person count again" in shown.words and "hxxps://th-parcel-pay" in shown.words
        assert re.search(r"Mali · hid a spammer: ส่งซ้ำก่อกวน.*Mali · showed a reporter again: คนละคน", shown.words)
        assert (await sent(editor, f"/desk/case/{of_parcel}/show", report="RT-0", reason="x")).status == 404
        assert (await editor.send(f"/desk/case/{of_parcel}/show", {"report": number}, csrf="0" * 64)).status == 403
    assert (await books.queue()).total == 2
    assert await house.bot.store.limit(Address(Platform.WEB, "spammer", "spammer")) is None


async def test_somebody_who_sends_too_much_is_slowed_down_from_the_case(house):
    number = await reported(house, PARCEL, "busy")
    case, busy = await first_case(house), Address(Platform.WEB, "busy", "busy")
    async with at_desk(house, Role.EDITOR, "Mali") as editor:
        why = await sent(editor, f"/desk/case/{case}/slow", report=number, reason=" ")
        assert why.status == 422 and "Write why" in why.words
        assert (await sent(editor, f"/desk/case/{case}/slow", report="RT-0", reason="x")).status == 404
        refused = await editor.send(f"/desk/case/{case}/slow", {"report": number, "reason": "x"}, csrf="0" * 64)
        assert refused.status == 403 and await house.bot.store.limit(busy) is None
        slowed = await sent(editor, f"/desk/case/{case}/slow", report=number, reason="ส่งทุกนาที")
        assert "now answered more slowly" in slowed.words and "Mali · slowed a reporter down: ส่งทุกนาที" in slowed.words
        assert f"/desk/case/{case}/slow" not in slowed.text, "who is slowed already is not offered it again"
    limit = await house.bot.store.limit(busy)
    assert limit is not None and limit.kind is LimitKind.SLOWED
    assert (await CaseBook(house.bot.store.foundation).queue()).rows[0].reporters == 1
    async with at_desk(house, Role.ADMIN) as admin:
        assert "answered more slowly" in (await admin.get("/desk/people")).words


@pytest.mark.parametrize("show", [True, False])
async def test_who_lifts_a_block_chooses_whether_the_hidden_reports_count_again(house, show):
    number = await reported(house, PARCEL, "spammer")
    case = await first_case(house)
    async with at_desk(house, Role.ADMIN) as admin:
        await sent(admin, f"/desk/case/{case}/hide", report=number, reason="ส่งซ้ำก่อกวน")
        people = await admin.get("/desk/people")
        assert "Let their hidden reports count again too" in people.words
        label = re.search(r'name="label" value="([^"]+)"', people.text)
        assert label is not None
        lifted = await admin.send("/desk/people/lift", {"label": label[1]} | ({"show": "yes"} if show else {}))
        assert "The limit is lifted." in lifted.words
    assert (await CaseBook(house.bot.store.foundation).queue()).total == int(show)
    assert await house.bot.store.limit(Address(Platform.WEB, "spammer", "spammer")) is None


async def test_nothing_that_a_citizen_or_official_writes_becomes_part_of_the_page(house):
    await reported(house, SCRIPT)
    case = await first_case(house)
    async with at_desk(house, Role.EDITOR) as editor:
        page = await editor.get(f"/desk/case/{case}")
        await sent(editor, f"/desk/case/{case}/decide", kind="cant_tell", remark=SCRIPT, version=version(page))
        refused = await sent(editor, f"/desk/case/{case}/merge", into=SCRIPT, version="1")
        why = await sent(editor, f"/desk/case/{case}/hide", report=SCRIPT, reason=SCRIPT)
        assert why.status == 404
        for path in (f"/desk/case/{case}", "/desk/queue?view=answered", "/desk", f"/desk/trends?month={SCRIPT}"):
            shown = await editor.get(path)
            assert "<script>alert" not in shown.text and '"onmouseover' not in shown.text, path
        assert "<script>alert" not in refused.text and "49 พัสดุ" not in page.text


async def test_a_message_that_names_a_real_organisation_warns_whoever_decides(house, knowledge):
    official = next(each for each in knowledge.organisations.values() if each.verified and each.domains)
    await reported(house, f"กรุณายืนยันบัญชีที่ https://{official.domains[0]}/verify ภายในวันนี้ มิฉะนั้นบัญชีจะถูกระงับถาวรทันที")
    async with at_desk(house, Role.READER) as reader:
        words = (await reader.get(f"/desk/case/{await first_case(house)}")).words
        assert f"the real domain of {official.name.en}" in words and "names somebody of the directory" in words


# Trends


async def a_month_of(house: House) -> None:
    async def asked(times: int, type: ScamType, entry: str) -> None:
        events = tuple(Checked(Level.KNOWN_SCAM, type, entry, None, Language.THAI, "v") for _ in range(times))
        await answered(house.bot.store, f"{entry}", Outcome(Session(), ANSWER, events))

    await asked(30, ScamType.PARCEL, "parcel-fee-link")
    await asked(12, ScamType.LOAN, "loan-fee-before-money")
    await asked(3, ScamType.CRYPTO, "crypto-wallet-drain")


async def test_trends_hide_small_numbers_and_what_would_tell_them(house):
    await a_month_of(house)
    async with at_desk(house, Role.READER) as reader:
        words = (await reader.get("/desk/trends")).words
        assert "This month has not ended" in words and "Numbers under 5 are not shown" in words
        table = words.split("By type of scam")[1].split("By entry")[0]
        assert (
            re.search(r"Held parcels 30", table) and re.search(r"Crypto –", table) and re.search(r"Fake loans –", table)
        )
        assert " 3 " not in table and " 12 " not in table


async def test_the_file_of_trends_hides_the_same_and_is_no_formula(house, knowledge):
    await a_month_of(house)
    async with at_desk(house, Role.READER) as reader:
        got = await reader.get("/desk/trends.csv")
        assert got.headers["Content-Type"].startswith("text/csv") and "attachment" in got.headers["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(got.text.removeprefix("\ufeff"))))
    by_type = {row["key"]: row["count"] for row in rows if row["table"] == "type"}
    assert by_type == {"parcel": "30", "loan": SUPPRESSED, "crypto": SUPPRESSED}
    assert next(row for row in rows if row["key"] == "asked")["count"] == "45"


async def losses_of(house: House, *bands: tuple[str, int]) -> None:
    """Reports of this month with what was lost, and three calls for help."""
    numbers = iter(range(1, 1_000))
    for loss, count in bands:
        for number in (next(numbers) for _ in range(count)):
            await answered(house.bot.store, f"r{number}", Outcome(Session(), NUMBERED, report=REPORT))
            change(house.settings.database_url, f"update reports set loss = '{loss}' where id = {number}")
    helped = tuple(Happened("emergency", "transfer") for _ in range(3))
    await answered(house.bot.store, "help", Outcome(Session(), ANSWER, helped))


async def test_totals_do_not_tell_what_the_tables_beside_them_hide(house):
    # Without the total of lost money nobody knows how 10 hidden ones are divided; 22 of it would say 22 - 20 = 2.
    await losses_of(house, ("", 30), ("none", 8), ("1k_10k", 20), ("over_1m", 2))
    async with at_desk(house, Role.READER) as reader:
        words = (await reader.get("/desk/trends")).words
        got = await reader.get("/desk/trends.csv")
    totals = words.split("The month as a whole")[1].partition("answers called not useful 0 0")[0]
    for hidden in ("reports of lost money – 0", "calls for urgent help – 0", "different people who reported – 0"):
        assert hidden in totals, totals
    assert "reports 60 0" in totals and not re.search(r" (22|2|3|1) ", totals), totals
    rows = list(csv.DictReader(io.StringIO(got.text.removeprefix("\ufeff"))))
    told = {row["key"]: row["count"] for row in rows if row["table"] in ("total", "loss")}
    assert {key: told[key] for key in ("lost_money", "none", "over_1m", "emergencies", "reporters")} == dict.fromkeys(
        ("lost_money", "none", "over_1m", "emergencies", "reporters"), SUPPRESSED
    )
    assert (told["reports"], told["1k_10k"], told[""]) == ("60", "20", "30")


async def test_lost_money_is_told_where_the_table_tells_it_anyway(house):
    await losses_of(house, ("", 6), ("1k_10k", 7))
    async with at_desk(house, Role.READER) as reader:
        assert "reports of lost money 7 0" in (await reader.get("/desk/trends")).words


async def test_a_hub_named_like_a_formula_is_only_a_name(house, knowledge):
    figures = await Figures(house.bot.store.foundation).month(Month(2026, 10))
    table = {**figures.tables, Dimension.HUB: (Counted("=HYPERLINK(1)", 9, 9),)}
    told = Total("asked", 1, 2, "asked_in_month")
    from dataclasses import replace

    text = written(
        replace(figures, tables=table, totals={**figures.totals, "asked": told}),
        Names(knowledge, labels.load(), Language.THAI),
    )
    assert "'=HYPERLINK(1)" in text and ",=HYPERLINK" not in text


@pytest.mark.parametrize("month", ["2026-13", "9999-12", "x", "", "2026-10'--", "0001-01"])
async def test_any_month_may_be_asked_for(house, month):
    async with at_desk(house, Role.READER) as reader:
        assert (await reader.get(f"/desk/trends?month={month}")).status == 200
        assert (await reader.get(f"/desk/trends.csv?month={month}")).status == 200


async def test_nobody_sees_a_page_without_signing_in(house):
    await reported(house, PARCEL)
    async with visitor(house) as stranger:
        for path in (
            "/desk",
            "/desk/queue",
            f"/desk/case/{await first_case(house)}",
            "/desk/trends",
            "/desk/trends.csv",
        ):
            page = await stranger.get(path)
            assert "/desk/sign-in" in page.url and "พัสดุ" not in page.text, path


# Pictures


def test_a_chart_says_what_it_shows_and_is_no_markup():
    drawn = columns('<b>"ต่อวัน"</b>', [Column("1/11", (3, 2)), Column("<2>", (0, 9))])
    assert 'role="img" aria-label="&lt;b&gt;&#34;ต่อวัน&#34;&lt;/b&gt;"' in drawn and "&lt;2&gt;" in drawn
    assert drawn.count("<rect") == 3 and "style" not in drawn


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 2), (1, 2), (2, 2), (3, 4), (5, 6), (10, 10), (11, 20), (70, 80), (999, 1000), (1001, 2000)],
)
def test_an_axis_ends_at_an_even_round_number(highest, top):
    assert nice_top(highest) == top


def test_every_column_stays_within_the_picture():
    drawn = columns("x", [Column(str(day), (day * 37 % 101, day)) for day in range(31)])
    boxes = [
        [float(n) for n in found]
        for found in re.findall(
            r'<rect class="layer\d" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', drawn
        )
    ]
    assert len(boxes) == 60 and all(x + width <= 420 and y >= 0 and y + height <= 190 for x, y, width, height in boxes)
    assert drawn.count('class="name"') <= 7


def test_a_share_is_the_whole_at_most():
    assert 'width="50.0"' in share(5, 10) and 'width="100.0"' in share(10, 10) and 'width="0.0"' in share(0, 0)


def test_everything_that_can_be_counted_has_a_name_in_both_languages(knowledge):
    for language in Language:
        names = Names(knowledge, labels.load(), language)
        keys = {
            Dimension.TYPE: [each.value for each in ScamType], Dimension.PROVINCE: list(knowledge.provinces),
            Dimension.CAME_BY: [each.value for each in CameBy], Dimension.LOSS: [each.value for each in Loss],
            Dimension.PLATFORM: [each.value for each in Platform], Dimension.LANGUAGE: [each.value for each in Language],
            Dimension.ENTRY: list(knowledge.entries), Dimension.HUB: [""],
        }  # fmt: skip
        for dimension, each in keys.items():
            for key in each:
                assert names.of(dimension, key) != key, (language, dimension, key)


# In a browser


@pytest.mark.browser
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("language", list(Language))
async def test_axe_finds_nothing_and_no_page_is_wider_than_the_screen(house, browser, axe, size, language):
    await reported(house, PARCEL, "somchai")
    await reported(house, LONG, "mali", Level.NOT_KNOWN, disputes=True)
    await a_month_of(house)
    case = await first_case(house)
    async with desk_page(browser, house, Role.EDITOR, "/desk", language=language, size=size) as page:
        for path in ("/desk", "/desk/queue", f"/desk/case/{case}", f"/desk/case/{case - 1}", "/desk/trends"):
            await page.goto(house.url + path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
            for more in await page.locator("summary").all():
                await more.click()
            assert await faults(page, axe) == [], path


@pytest.mark.browser
async def test_a_case_can_be_decided_with_the_keyboard_alone(house, browser):
    await reported(house, PARCEL)
    case = await first_case(house)
    async with desk_page(browser, house, Role.EDITOR, "/desk/queue") as page:
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/desk/case/{case}")
        async with page.expect_navigation(wait_until="load"):
            await page.keyboard.press("t")
        assert await page.locator(".flash").is_visible()
        await page.keyboard.press("4")
        assert await page.locator("input[value=cant_tell]").is_checked()
        await page.keyboard.press("r")
        await page.keyboard.type("1234 ยังบอกไม่ได้")
        assert await page.locator("input[value=cant_tell]").is_checked(), "what is typed is no shortcut"
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/desk/queue")
        assert "is kept" in await page.inner_text(".flash")
    row = (await CaseBook(house.bot.store.foundation).case(case)).row
    assert (row.decision, row.remark) == ("cant_tell", "1234 ยังบอกไม่ได้")


@pytest.mark.browser
@pytest.mark.parametrize("language", list(Language))
async def test_a_reporter_is_slowed_hidden_and_shown_again_in_the_browser(house, browser, axe, language):
    await reported(house, PARCEL, "busy")
    case, busy = await first_case(house), Address(Platform.WEB, "busy", "busy")
    say = labels.load()
    async with desk_page(browser, house, Role.EDITOR, f"/desk/case/{case}", language=language, size=PHONE) as page:
        page.on("dialog", lambda dialog: dialog.accept())

        async def does(opens: str, field: str, go: str) -> None:
            await page.click(f"summary:has-text('{say.text(opens, language)}')")
            assert await faults(page, axe) == [], field
            await page.fill(f"input[id^='{field}-']", "ส่งถี่มาก")
            async with page.expect_navigation(wait_until="load"):
                await page.click(f"button:has-text('{say.text(go, language)}')")
            assert await page.locator(".flash").is_visible()
            assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]

        await does("case.hide", "slow", "case.slow_go")
        assert (await house.bot.store.limit(busy)).kind is LimitKind.SLOWED
        await does("case.hide", "why", "case.hide_go")
        assert (await house.bot.store.limit(busy)).kind is LimitKind.BLOCKED
        await does("case.show", "show", "case.show_go")
        assert await house.bot.store.limit(busy) is None
        assert await page.locator("text=hxxps://th-parcel-pay").first.is_visible()


@pytest.mark.browser
async def test_every_job_is_done_without_javascript(house, browser):
    await reported(house, PARCEL)
    case = await first_case(house)
    async with desk_page(browser, house, Role.EDITOR, "/desk", java_script_enabled=False) as page:
        await page.click(".tiles a >> nth=0")
        await page.click(".case .open")
        await page.click("text=Take this case")
        await page.check("input[value=not_a_scam]")
        await page.fill("#remark", "เป็นข้อความของร้านจริง")
        await page.click("text=Save and answer the reporters")
        await expect(page.locator(".flash")).to_contain_text("is kept")
        await page.click("nav.places >> text=Trends")
        await page.select_option("#month", index=1)
        await page.click("text=Show")
        await page.wait_for_url("**month=*")
    assert (await CaseBook(house.bot.store.foundation).case(case)).row.decision == "not_a_scam"
