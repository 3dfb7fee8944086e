"""The knowledge at the desk: search, draft by form, try, a second person, history; as each role, and in a real browser."""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from browsing import faults
from conftest import House
from desk_cast import DESKTOP, PHONE, WIDER, Seen, Visitor, at_desk, desk_page
from playwright.async_api import Browser, Page, expect

from bot.desk import knowledge_changes, knowledge_faults, knowledge_fields, labels
from bot.desk.frame import Form
from bot.desk.knowledge_deciding import pasted
from bot.store.revisions import Revisions, State
from content import loading
from content.loading import Knowledge
from content.models import Language
from content.revising import Kind, Located, body_of
from handlers.officials import Role

ENTRY = "parcel-fee-link"
HERE = "/desk/knowledge"
SCRIPT = "<script>alert(1)</script>"


class _Fields(HTMLParser):
    """The form of a page as a browser without JavaScript would send it."""

    def __init__(self, action: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._action = action
        self._inside = False
        self._area = self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            self._inside = given.get("action") == self._action
        elif not self._inside:
            return
        elif tag == "input" and name and name != "csrf":
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self.fields.append((name, given.get("value", "")))
        elif tag == "textarea":
            self._area = name
            self.fields.append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in given:
            self.fields.append((self._select, given["value"]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        elif tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            name, before = self.fields[-1]
            # The line end right after the tag is no part of the text.
            self.fields[-1] = (name, before + (data.removeprefix("\n") if not before else data))


def form_of(page: Seen, action: str, **changed: str) -> list[tuple[str, str]]:
    """What the form would send, with some fields changed (`title__en` for `title.en`)."""
    read = _Fields(action)
    read.feed(page.text)
    assert read.fields, f"no form for {action}"
    given = {name.replace("__", "."): value for name, value in changed.items()}
    return [(name, given.get(name, value)) for name, value in read.fields]


def number_of(page: Seen) -> int:
    found = re.search(r"/desk/knowledge/draft/(\d+)$", page.url)
    assert found, page.url
    return int(found[1])


def version_of(page: Seen) -> str:
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found, page.words
    return found[1]


async def draft(editor: Visitor, **changed: str) -> tuple[int, Seen]:
    """A draft of the parcel entry."""
    path = f"{HERE}/entry/{ENTRY}/change"
    page = await editor.send(path, form_of(await editor.get(path), path, **changed))
    assert page.status == 200, page.words
    return number_of(page), page


async def press(who: Visitor, number: int, what: str, **fields: str) -> Seen:
    """A button of a draft's page, as it stands now."""
    path = f"{HERE}/draft/{number}"
    page = await who.get(path)
    return await who.send(f"{path}/{what}", {"version": version_of(page), **fields})


async def until(said: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while True:
            if said():
                return
            await asyncio.sleep(0.02)


async def live_title(house: House, title: str) -> None:
    await until(lambda: house.bot.ports.knowledge.entries[ENTRY].title.en == title)


# --- reading ---------------------------------------------------------------------------------------------------------
async def test_everything_that_answers_people_can_be_found_and_read(house: House) -> None:
    async with at_desk(house, Role.READER) as reader:
        for query, what, found in (
            ("พัสดุ ศุลกากร", "entry", ENTRY),
            ("kasikornbank.com", "organisation", "kbank"),
            ("028888888", "organisation", "kbank"),
            ("1441", "hotline", "aoc-1441"),
            ("otp", "sign", "asks-otp"),
        ):
            page = await reader.get(f"{HERE}?q={query}&what={what}")
            assert page.status == 200 and f"/desk/knowledge/{what}/{found}" in page.text, (query, what)
            assert (await reader.get(f"{HERE}/{what}/{found}")).status == 200
        page = await reader.get(f"{HERE}/entry/{ENTRY}")
        known = house.bot.ports.knowledge.entries[ENTRY]
        for text in (*known.how_it_works.th, *known.how_it_works.en, *known.do_now.th, known.sources[0].title):
            assert text in page.words, text
        assert "Change it" not in page.text
        for path in (
            f"{HERE}/entry/nothing",
            f"{HERE}/sign/../x",
            f"{HERE}/person/x",
            f"{HERE}/draft/99",
            f"{HERE}/draft/x",
        ):
            assert (await reader.get(path)).status == 404, path


async def test_what_runs_out_first_stands_on_top(house: House) -> None:
    async with at_desk(house, Role.READER) as reader:
        page = await reader.get(f"{HERE}/expiry")
    listed = re.findall(r"/desk/knowledge/entry/([\w-]+)", page.text)
    known = house.bot.ports.knowledge.entries
    days = [known[name].expires_on for name in listed]
    assert len(days) > 60 and days == sorted(days)


@pytest.mark.parametrize("kind", ["entry", "organisation"])
@pytest.mark.slow
async def test_who_only_reads_changes_nothing(house: House, kind: str) -> None:
    name = ENTRY if kind == "entry" else "kbank"
    async with at_desk(house, Role.EDITOR) as editor, at_desk(house, Role.READER) as reader:
        path = f"{HERE}/{kind}/{name}/change"
        number = number_of(await editor.send(path, form_of(await editor.get(path), path)))
        for path in (
            f"{HERE}/new/{kind}",
            f"{HERE}/{kind}/{name}/change",
            f"{HERE}/draft/{number}/edit",
            f"{HERE}/export",
        ):
            page = await reader.get(path)
            assert page.status == 403 and name not in page.text.replace(path, ""), path
        for path in ("edit", "ask", "drop", "try", "approve", "return"):
            assert (await reader.send(f"{HERE}/draft/{number}/{path}", {"version": "1"})).status == 403, path
        for path in ("approve", "return"):
            assert (await editor.send(f"{HERE}/draft/{number}/{path}", {"version": "1"})).status == 403, path
        assert (await reader.send(f"{HERE}/{kind}/{name}/restore", {"revision": "1"})).status == 403
    made = await Revisions(house.bot.store.foundation).get(number)
    assert made is not None and made.state is State.DRAFT and made.version == 1


# --- from a draft to what is live ------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_one_drafts_another_approves_and_people_are_answered_by_it(house: House, knowledge: Knowledge) -> None:
    async with at_desk(house, Role.EDITOR, "Anong") as editor, at_desk(house, Role.APPROVER, "Boon") as approver:
        number, page = await draft(editor, title__en="Parcel held: the newest trick", note="Seen by many")
        assert "nothing wrong was found" in page.words and "the newest trick" in page.words
        own = await press(editor, number, "ask")
        assert "You are one of those who wrote this" in own.words
        waiting = await approver.get(HERE)
        assert "Waiting for a second person" in waiting.words and "the newest trick" in waiting.words
        tried = await approver.send(
            f"{HERE}/draft/{number}/try", {"messages": "พัสดุของท่านตกค้าง กดลิงก์จ่าย 30 บาท\n\nhello"}
        )
        assert tried.status == 200 and "Answered now" in tried.words and "golden set" in tried.words
        done = await press(approver, number, "approve")
        assert "Approved. It is live everywhere within five seconds." in done.words, done.words
        await live_title(house, "Parcel held: the newest trick")
        history = await approver.get(f"{HERE}/entry/{ENTRY}/history")
        for said in ("Anong", "Boon", "Seen by many", "removed:", "added:", "the newest trick"):
            assert said in history.words, said
        archive = await _download(editor, f"{HERE}/export")
    kept = zipfile.ZipFile(io.BytesIO(archive))
    assert "the newest trick" in kept.read(f"content/entries/{ENTRY}.yaml").decode()
    same = [name for name in kept.namelist() if kept.read(name) == (loading.FOLDER.parent / name).read_bytes()]
    assert set(kept.namelist()) - set(same) == {f"content/entries/{ENTRY}.yaml"}


async def _download(who: Visitor, path: str) -> bytes:
    async with who.http.get(who.house.url + path) as answer:
        assert answer.status == 200 and answer.headers["content-type"] == "application/zip"
        return await answer.read()


@pytest.mark.slow
async def test_an_old_text_comes_back_by_way_of_a_second_person(house: House, knowledge: Knowledge) -> None:
    async with at_desk(house, Role.EDITOR, "Anong") as editor, at_desk(house, Role.APPROVER, "Boon") as approver:
        number, _ = await draft(editor, title__en="For a short while")
        await press(editor, number, "ask")
        await press(approver, number, "approve")
        await live_title(house, "For a short while")
        back = await approver.send(f"{HERE}/entry/{ENTRY}/restore", {"revision": str(number), "which": "before"})
        again = number_of(back)
        assert house.bot.ports.knowledge.entries[ENTRY].title.en == "For a short while", "it is a draft like any other"
        await press(approver, again, "ask")
        assert "somebody else must approve" in (await press(approver, again, "approve")).words
        async with at_desk(house, Role.APPROVER, "Chai") as other:
            await press(other, again, "approve")
        await live_title(house, knowledge.entries[ENTRY].title.en)


@pytest.mark.slow
async def test_an_entry_is_taken_out_of_use(house: House) -> None:
    async with at_desk(house, Role.EDITOR, "Anong") as editor, at_desk(house, Role.APPROVER, "Boon") as approver:
        page = await editor.send(f"{HERE}/entry/{ENTRY}/retire")
        assert "out of use" in page.words
        number = number_of(page)
        await press(editor, number, "ask")
        done = await press(approver, number, "approve")
    assert "Approved" in done.words, done.words
    await until(lambda: house.bot.ports.knowledge.entries[ENTRY].state.value == "expired")
    assert ENTRY not in {name for names in house.bot.ports.knowledge.entries_of_type.values() for name in names}


@pytest.mark.slow
async def test_every_fault_stands_at_its_field_in_plain_words(house: House) -> None:
    path = f"{HERE}/new/entry"
    async with at_desk(house, Role.EDITOR, "Anong", Language.THAI) as editor:
        empty = form_of(await editor.get(path), path)
        for name, said in (("Bad Name!", "ชื่อย่อใช้ได้เฉพาะ"), (ENTRY, "มีชื่อย่อนี้แล้ว")):
            refused = await editor.send(path, [(key, name if key == "id" else value) for key, value in empty])
            assert refused.status == 422 and said in refused.words
        filled = {
            "id": "fake-aircon-wash",
            "title.th": "ล้างแอร์ฟรี",
            "phrases.scammer.th": "ได้สิทธิ์ล้างแอร์ฟรี โอนค่าจอง\nล้างแอร์ฟรีวันนี้",
            "signs": "asks-deposit-first\nno-such-sign",
            "do_now.th": "อย่าเพิ่งโอน",
            "do_now.en": "It is safe to wait",
            "sources.0.title": "An invented example",
            "sources.0.where": "nowhere",
            "sources.0.dated": "soon",
        }
        page = await editor.send(path, [(key, filled.get(key, value)) for key, value in empty])
        assert page.status == 200, page.words
        number = number_of(page)
        assert "ขออนุมัติ" not in re.sub(r"ก่อนขออนุมัติ", "", page.words), "nobody can ask for it yet"
        form = await editor.get(f"{HERE}/draft/{number}/edit")
    for key, said in (
        ("title", "ยังไม่มีภาษาอังกฤษ"),
        ("sources", "ลงวันที่เป็น"),
        ("how_it_works", "ยังว่างอยู่"),
        ("call", "ยังว่างอยู่"),
    ):
        at = re.search(rf'id="fault-{key}">(.*?)</ul>', form.text, re.DOTALL)
        assert at and said in at[1], key
    assert "ล้างแอร์ฟรีวันนี้" in form.text


async def test_what_the_checks_say_is_said_in_thai() -> None:
    known = labels.load()
    for message in (
        "title.en: the English is missing: write both languages", "do_now: missing: add it", "no sign 'x': correct the id",
        "phrase also claimed by entry 'x': reword or remove one", "phrase is an honest message in a.jsonl:3: make it specific",
        "no hotline 'x': use an id", "expires before it was reviewed: correct", "expired on 2026-01-01: review it",
        "link to 'x.example', which the directory", "'a' already belongs to organisation 'b': remove one",
        "'a' is no domain name: write", "'co.th' is an ending that", "'bit.ly' makes short links", "'1' is no telephone number",
        "topic: fragment 'ab' has under three letters", "topic: an empty group in 'a ~'", "says that something is safe: say",
        "type: Input should be 'loan', 'parcel' (found 'x')", "sources.0.dated: String should match pattern '^x' (found 'y')",
        "expires_on: Input should be a valid date or datetime (found '')",
        "police_case.0: Input should be less than or equal to 15 (found '16')",
    ):  # fmt: skip
        said = knowledge_faults.plain(Located("entry", "x", (), message, ""), known, Language.THAI)
        assert said != known.say("knowledge_fault.other", Language.THAI, said=message), message
        assert len(re.findall("[ก-ฮ]", said)) > 5, message


# --- two at once -----------------------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_the_later_of_two_editors_sees_both_texts_and_loses_neither(house: House) -> None:
    async with at_desk(house, Role.EDITOR, "Anong") as first, at_desk(house, Role.EDITOR, "Boon") as second:
        number, _ = await draft(first)
        path = f"{HERE}/draft/{number}/edit"
        mine, theirs = await first.get(path), await second.get(path)
        await second.send(path, form_of(theirs, path, title__en="What Boon wrote"))
        told = await first.send(path, form_of(mine, path, title__en="What Anong wrote", do_now__en="Wait."))
        assert told.status == 409 and "Boon changed this draft before you saved" in told.words
        assert "What Boon wrote" in told.words and 'value="What Anong wrote"' in told.text and "Wait." in told.text
        kept = await Revisions(house.bot.store.foundation).get(number)
        assert kept is not None and kept.body["title"]["en"] == "What Boon wrote"
        # Having seen both, they save again.
        done = await first.send(path, form_of(told, path, title__en="What both wrote"))
        assert done.status == 200 and "What both wrote" in done.words


@pytest.mark.slow
async def test_two_who_begin_at_once_meet_in_one_draft(house: House) -> None:
    path = f"{HERE}/entry/{ENTRY}/change"
    async with at_desk(house, Role.EDITOR, "Anong") as first, at_desk(house, Role.EDITOR, "Boon") as second:
        mine, theirs = await first.get(path), await second.get(path)
        number = number_of(await second.send(path, form_of(theirs, path, title__en="What Boon wrote")))
        told = await first.send(path, form_of(mine, path, title__en="What Anong wrote"))
        assert told.status == 409 and "What Boon wrote" in told.words and "What Anong wrote" in told.text
        edit = f"{HERE}/draft/{number}/edit"
        done = await first.send(edit, form_of(told, edit))
        assert number_of(done) == number and "What Anong wrote" in done.words
        later = await second.get(path)
        assert number_of(later) == number, "whoever comes later is led to the draft"


@pytest.mark.slow
async def test_two_who_approve_at_once_and_one_who_edits_meanwhile(house: House) -> None:
    async with (
        at_desk(house, Role.EDITOR, "Anong") as editor,
        at_desk(house, Role.APPROVER, "Boon") as boon,
        at_desk(house, Role.APPROVER, "Chai") as chai,
    ):
        number, _ = await draft(editor, title__en="Twice approved")
        await press(editor, number, "ask")
        path = f"{HERE}/draft/{number}"
        version = version_of(await boon.get(path))
        edit = await editor.get(f"{path}/edit")
        both = await asyncio.gather(*(who.send(f"{path}/approve", {"version": version}) for who in (boon, chai)))
        assert sorted(page.status for page in both) == [200, 409]
        assert "Somebody was faster" in next(page.words for page in both if page.status == 409)
        late = await editor.send(f"{path}/edit", form_of(edit, f"{path}/edit", title__en="Too late"))
        assert late.status == 409 and "approved or dropped before you saved" in late.words and "Too late" in late.text
        change = f"{HERE}/entry/{ENTRY}/change"
        again = await editor.send(change, form_of(late, change))
        assert number_of(again) != number and "Too late" in again.words
    assert await Revisions(house.bot.store.foundation).newest() == 1


@pytest.mark.slow
async def test_a_draft_that_changed_after_it_was_read_is_not_approved(house: House) -> None:
    async with at_desk(house, Role.EDITOR, "Anong") as editor, at_desk(house, Role.APPROVER, "Boon") as approver:
        number, _ = await draft(editor)
        await press(editor, number, "ask")
        path = f"{HERE}/draft/{number}"
        version = version_of(await approver.get(path))
        await editor.send(
            f"{path}/edit", form_of(await editor.get(f"{path}/edit"), f"{path}/edit", title__en="Slipped in")
        )
        told = await approver.send(f"{path}/approve", {"version": version})
        assert told.status == 409 and "Slipped in" in told.words
    assert await Revisions(house.bot.store.foundation).newest() == 0


# --- attacks ---------------------------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_what_is_written_is_never_run(house: House) -> None:
    hostile = f"{SCRIPT}\"'><img src=x onerror=alert(2)> {{{{ 7*7 }}}} '; drop table revisions; --"
    async with at_desk(house, Role.EDITOR, f"An {SCRIPT[:20]}") as editor:
        path = f"{HERE}/entry/{ENTRY}/change"
        plain = form_of(await editor.get(path), path)
        dirty = [
            (name, value if name in ("type", "state", "reviewed_on", "expires_on") else hostile)
            for name, value in plain
        ]
        page = await editor.send(path, dirty)
        number = number_of(page)
        tried = await editor.send(f"{HERE}/draft/{number}/try", {"messages": hostile})
        found = await editor.get(f"{HERE}?q={hostile}")
        pages = [page, tried, found, await editor.get(f"{HERE}/draft/{number}/edit"), await editor.get(HERE)]
        for each in pages:
            assert each.status in (200, 503) and "<script>alert" not in each.text and "<img src=x" not in each.text
            assert " 49 " not in each.text.replace("(49)", "")
    assert len(await Revisions(house.bot.store.foundation).drafts()) == 1


@pytest.mark.slow
async def test_too_many_or_too_long_messages_are_refused(house: House) -> None:
    async with at_desk(house, Role.EDITOR) as editor:
        number, _ = await draft(editor)
        for text in ("\n\n".join("x" for _ in range(21)), "ก" * 4_001):
            page = await editor.send(f"{HERE}/draft/{number}/try", {"messages": text})
            assert page.status == 422 and "At most 20" in page.words


# --- the parts -------------------------------------------------------------------------------------------------------
def test_a_form_gives_back_what_a_body_holds(knowledge: Knowledge) -> None:
    every: list[tuple[Kind, Any]] = [(Kind.ENTRY, each) for each in knowledge.entries.values()]
    every += [(Kind.ORGANISATION, each) for each in knowledge.organisations.values()]
    for kind, thing in every:
        body = body_of(thing)
        sent: list[tuple[str, str]] = []
        for one in knowledge_fields.shown(kind, body, {}):
            if one.field.shape is knowledge_fields.Shape.SOURCES:
                sent += [
                    (f"sources.{place}.{part}", row.get(part, ""))
                    for place, row in enumerate(one.rows)
                    for part in knowledge_fields.SOURCE_PARTS
                ]
            elif one.field.shape is knowledge_fields.Shape.TICKS:
                sent += [(one.field.name, value) for value, _ in one.choices if value in one.ticked]
            else:
                sent += list(one.values.items())
        assert knowledge_fields.read(kind, thing.id, Form(sent)) == body, thing.id


def test_a_line_has_no_characters_that_steer() -> None:
    assert knowledge_fields.lines(" ก\tข \x00\n\n \u2028x\x1b[31m ") == ["ก ข", "x [31m"]


def test_changed_words_are_marked_and_the_rest_is_not() -> None:
    (line,) = knowledge_changes.compared("อย่าเพิ่งโอนเงินให้ใคร", "อย่าเพิ่งจ่ายเงินให้ใคร")
    assert [(piece.text, piece.gone, piece.new) for piece in line.pieces] == [
        ("อย่าเพิ่ง", False, False),
        ("โอน", True, False),
        ("จ่าย", False, True),
        ("เงินให้ใคร", False, False),
    ]
    lines = list(knowledge_changes.compared("one\ntwo\nthree", "one\nthree\nsomething else"))
    assert ["".join(piece.text for piece in each.pieces) for each in lines if each.changed] == ["two", "something else"]


def test_every_field_of_the_models_is_in_the_form() -> None:
    from content.revising import MODELS

    for kind, model in MODELS.items():
        assert {one.steps[0] for one in knowledge_fields.FIELDS[kind]} | {"id"} == set(model.model_fields)


def test_messages_are_told_apart_by_an_empty_line() -> None:
    assert pasted("one\ntwo\r\n\r\n\n three \n\n\n") == ["one\ntwo", "three"]


def test_every_label_of_a_field_and_fault_is_written() -> None:
    known = labels.load()
    for fields in knowledge_fields.FIELDS.values():
        for one in fields:
            assert f"knowledge_field.{one.key}" in known and f"knowledge_hint.{one.key}" in known, one.name
    for _, label in knowledge_faults._SAID:
        assert f"knowledge_fault.{label}" in known, label


# --- in a real browser -----------------------------------------------------------------------------------------------
in_a_browser = pytest.mark.browser


async def _looked_at(page: Page, house: House, axe: str, path: str) -> None:
    await page.goto(house.url + path)
    for summary in await page.locator("summary").all():
        if await summary.is_visible():
            await summary.click()
    assert await faults(page, axe) == [], path
    wide, screen = await page.evaluate(WIDER)
    assert wide <= screen, f"{path} scrolls sideways"


@in_a_browser
@pytest.mark.parametrize(("size", "language"), [(PHONE, Language.THAI), (DESKTOP, Language.ENGLISH)])
async def test_no_page_of_the_knowledge_shuts_anybody_out(
    browser: Browser, house: House, axe: str, size: dict[str, int], language: Language
) -> None:
    async with at_desk(house, Role.EDITOR, "Anong") as editor, at_desk(house, Role.APPROVER, "Boon") as approver:
        number, _ = await draft(
            editor, title__en="Parcel held: the newest trick", do_now__en="Do not tap.\nIt is safe."
        )
        path = f"{HERE}/draft/{number}/edit"
        async with desk_page(browser, house, Role.APPROVER, HERE, size=size, language=language) as page:
            for each in (f"{HERE}/draft/{number}", path):
                await _looked_at(page, house, axe, each)
            await editor.send(path, form_of(await editor.get(path), path, do_now__en="Do not tap."))
            await press(editor, number, "ask")
            await _looked_at(page, house, axe, f"{HERE}/draft/{number}")
            await press(approver, number, "approve")
            await live_title(house, "Parcel held: the newest trick")
            for each in (
                HERE, f"{HERE}?what=sign&q=otp", f"{HERE}/expiry", f"{HERE}/entry/{ENTRY}", f"{HERE}/entry/{ENTRY}/history",
                f"{HERE}/organisation/kbank", f"{HERE}/organisation/kbank/change", f"{HERE}/sign/asks-otp",
                f"{HERE}/hotline/aoc-1441", f"{HERE}/new/entry", f"{HERE}/new/organisation",
            ):  # fmt: skip
                await _looked_at(page, house, axe, each)


@in_a_browser
@pytest.mark.parametrize("javascript", [True, False])
async def test_from_the_form_to_the_answer_in_a_browser(
    browser: Browser, house: House, axe: str, javascript: bool
) -> None:
    start = f"{HERE}/entry/{ENTRY}"
    async with desk_page(
        browser, house, Role.EDITOR, start, name="Anong", java_script_enabled=javascript, size=PHONE
    ) as page:
        page.set_default_timeout(60_000)
        await page.get_by_role("link", name="Change it").click()
        await page.fill('[id="title.en"]', "Written in a browser")
        await page.get_by_role("button", name="Save the draft").click()
        await expect(page.locator("ins", has_text="Written in a browser")).to_be_visible()
        await page.fill("#messages", "Your parcel is held, pay 30 baht at the link")
        await page.get_by_role("button", name="Try it").click()
        await expect(page.get_by_role("heading", name="The golden set")).to_be_visible(timeout=60_000)
        if javascript:
            assert await faults(page, axe) == []
        await page.get_by_role("link", name="Back to the draft").click()
        await page.get_by_role("button", name="Ask for approval").click()
        await expect(page.get_by_text("You are one of those who wrote this")).to_be_visible()
        path = page.url.removeprefix(house.url)
    async with desk_page(browser, house, Role.APPROVER, path, name="Boon", java_script_enabled=javascript) as page:
        page.set_default_timeout(60_000)
        # By keyboard alone.
        await page.get_by_role("button", name="Approve and make it live").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("status")).to_contain_text("live everywhere", timeout=60_000)
    await live_title(house, "Written in a browser")
