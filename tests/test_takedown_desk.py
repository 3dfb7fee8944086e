"""Take-down requests at the desk: one click, the package, who may do what, and two at once."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import re
import zipfile
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from browsing import faults
from click.testing import CliRunner
from conftest import House
from desk_cast import DESKTOP, PHONE, WIDER, Seen, Visitor, at_desk, desk_page
from pypdf import PdfReader
from takedown_cast import ACCOUNT, DOMAIN, found_scam, reported, scam_case
from takedown_cast import PHONE as NUMBER

from bot.cli import rutan
from bot.store.audit import AuditLog
from bot.store.casebook import DecisionKind
from content.models import Language
from handlers.officials import Role


async def one_click(editor: Visitor, case: int, kind: str = "registrar") -> Seen:
    """The button at a case; the page it leads to."""
    return await editor.send(f"/desk/case/{case}/takedown", {"kind": kind}, page=f"/desk/case/{case}")


async def fetched(editor: Visitor, path: str) -> tuple[bytes, dict[str, bytes]]:
    """The ZIP of a request, whole and file by file."""
    async with editor.http.get(f"{editor.house.url}{path}/package.zip") as answer:
        assert answer.status == 200, await answer.text()
        assert "attachment" in answer.headers["Content-Disposition"]
        whole = await answer.read()
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        return whole, {name: archive.read(name) for name in archive.namelist()}


def path_of(page: Seen) -> str:
    found = re.search(r"/desk/takedowns/\d+", page.url)
    assert found is not None, (page.status, page.url, page.words[:500])
    return found[0]


def version(page: Seen) -> str:
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found is not None
    return found[1]


async def filled(editor: Visitor, path: str, **fields: object) -> Seen:
    """The recipient and what is asked, written into the form."""
    page = await editor.get(path)
    ticked = re.findall(r'name="target" value="([^"]+)" checked', page.text)
    given = {"name": "Registrar of .example", "address": "abuse desk, form 7", "more": ""} | fields
    pairs = [
        ("version", version(page)),
        ("ask", "suspend"),
        ("ask", "preserve"),
        *(("target", each) for each in ticked),
    ]
    return await editor.send(f"{path}/change", [*pairs, *given.items()], page=path)


async def step(who: Visitor, path: str, name: str, **fields: str) -> Seen:
    page = await who.get(path)
    where = f"{path}/sent" if name == "sent" else f"{path}/note"
    return await who.send(where, {"version": version(page), "step": name, **fields}, page=path)


async def the_command_line_gives_the_same(
    house: House, folder: Path, monkeypatch: pytest.MonkeyPatch, whole: bytes
) -> None:
    """Another process, another moment, the same bytes."""
    monkeypatch.setenv("DATABASE_URL", house.settings.database_url)
    monkeypatch.setenv("SECRET_KEY", "a key for tests only, long enough")
    to = folder / "package.zip"
    run = CliRunner().invoke
    done = await asyncio.to_thread(run, rutan, ["takedowns", "export", "1", "--to", str(to)])
    assert done.exit_code == 0 and to.read_bytes() == whole, done.output
    assert (await asyncio.to_thread(run, rutan, ["takedowns", "export", "1", "--to", str(to)])).exit_code == 1
    listed = json.loads((await asyncio.to_thread(run, rutan, ["takedowns", "list", "--json"])).stdout)
    assert [(each["id"], each["state"], each["targets"]) for each in listed] == [
        (1, "prepared", ["domain:parcel-pay-th[.]example"])
    ]
    shown = await asyncio.to_thread(run, rutan, ["takedowns", "show", "1"])
    assert "registrar" in shown.output and DOMAIN not in shown.output
    assert (await asyncio.to_thread(run, rutan, ["takedowns", "show", "7"])).exit_code == 1


@pytest.mark.slow
async def test_one_click_at_a_case_gives_the_package_and_it_is_followed_to_its_end(
    house, tmp_path, monkeypatch
) -> None:
    case = await scam_case(house)
    async with AsyncExitStack() as stack:
        ann = await stack.enter_async_context(at_desk(house, Role.APPROVER, "Ann"))
        ben = await stack.enter_async_context(at_desk(house, Role.APPROVER, "Ben"))
        page = await one_click(ann, case)
        path = path_of(page)
        assert "Nothing has been sent" in page.words and page.headers["Refresh"] == f"0; url={path}/package.zip"
        whole, files = await fetched(ann, path)
        assert set(files) == {"facts.json", "evidence.txt", "request_th.pdf", "request_en.pdf", "SHA256SUMS"}
        sums = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())
        assert sums == {name: hashlib.sha256(files[name]).hexdigest() for name in files if name != "SHA256SUMS"}
        # The second click finds the same request, and the same content makes the same bytes.
        assert path_of(await one_click(ann, case)) == path
        assert (await fetched(ben, path))[0] == whole
        await the_command_line_gives_the_same(house, tmp_path, monkeypatch, whole)

        refused = await step(ben, path, "sent")
        assert refused.status == 422 and "Say first to whom it goes" in refused.words
        assert "new file is being downloaded" in (await filled(ann, path)).words
        refused = await step(ann, path, "sent")
        assert refused.status == 422 and "another person reads and sends it" in refused.words
        assert "The clock runs" in (await step(ben, path, "sent", reference="T-1")).words
        assert "Noted as acknowledged" in (await step(ann, path, "acknowledged", reference="R 2026/77")).words
        done = await step(ann, path, "removed")
        assert "Noted as removed" in done.words and "R 2026/77" in done.words and "Ben" in done.words
        assert 'name="step"' not in done.text, "what is over is changed no more"

        listed = await ann.get("/desk/takedowns")
        assert "RT-TD-00001" in listed.words and "Registrar of .example" in listed.words
        assert "1 (half within 1 h)" in listed.words
        acts = [row["act"] async for row in AuditLog(house.bot.store.foundation).rows() if "takedown" in row["act"]]
        assert acts == [
            "takedown prepared", "takedown changed", "takedown sent", "takedown acknowledged", "takedown removed",
        ]  # fmt: skip
        assert await AuditLog(house.bot.store.foundation).first_broken() is None


@pytest.mark.slow
async def test_the_package_names_the_scam_and_nobody_else(house: House) -> None:
    case = await scam_case(house)
    async with at_desk(house, Role.EDITOR) as editor:
        path = path_of(await one_click(editor, case, "bank"))
        page = await filled(editor, path, more=f"{ACCOUNT}\n{NUMBER}")
        assert page.status == 200, page.words
        _, files = await fetched(editor, path)
    facts, evidence = json.loads(files["facts.json"]), files["evidence.txt"].decode()
    assert {(each["kind"], each["value"]) for each in facts["targets"]} == {
        ("account", "1230004567"), ("phone", "0810004321"),
    }  # fmt: skip
    assert facts["counts"]["reports"] == facts["counts"]["reporters"] == 3
    # Whoever reports a message shows it a second time.
    assert (facts["counts"]["times_asked"], facts["counts"]["people_asked"]) == (6, 3)
    assert facts["explained"]["entry"] == "parcel-fee-link" and facts["timezone"] == "Asia/Bangkok"
    assert facts["links"][0]["link"].startswith("hxxps://parcel-pay-th[.]example/a1")
    assert facts["texts"][0]["copies"] == 3 and "+07:00" in facts["as_of"]["local"]
    # The words are masked: the account and the number stand only where an official named them.
    assert "081-000-4321" not in facts["texts"][0]["text"] and "00456" not in facts["texts"][0]["text"]
    assert "พ.ร.บ.คอมพิวเตอร์" in evidence and "ธ.ไทยพาณิชย์" in evidence
    pages = [page for name in ("request_th.pdf", "request_en.pdf") for page in PdfReader(io.BytesIO(files[name])).pages]
    written = " ".join(page.extract_text() for page in pages)
    assert "1230004567" in written and "no court order" in written and "[.]example" in written
    assert "https://" not in written and DOMAIN not in written
    fonts = {each.get_object()["/BaseFont"] for page in pages for each in page["/Resources"]["/Font"].values()}  # type: ignore[index]
    assert fonts and all("Sarabun" in each for each in fonts)
    for name, data in files.items():
        said = data if name.endswith(".pdf") else data.decode()
        for never in ("https://", "http://", DOMAIN, "Uvillager", "parcel-pay-th.example"):
            assert (never.encode() if isinstance(said, bytes) else never) not in said, (name, never)


async def test_only_what_the_reports_name_and_nothing_of_the_directory_can_be_asked_for(house: House) -> None:
    case = await scam_case(house)
    async with at_desk(house, Role.EDITOR) as editor:
        path = path_of(await one_click(editor, case, "bank"))
        for typed, said in (("089-000-9999", "No report of this case names this: 089-000-9999"),
                            ("kasikornbank.com", "belongs to an organisation of the directory")):  # fmt: skip
            page = await filled(editor, path, more=typed)
            assert page.status == 422 and said in page.words, page.words
            assert typed in page.text, "what was typed stays in the form"


async def test_a_case_that_is_no_scam_has_no_package(house: House) -> None:
    await reported(house.bot.store, house.bot.ports.knowledge, 1)
    async with at_desk(house, Role.EDITOR) as editor:
        page = await one_click(editor, 1)
        assert page.status == 409 and "Only for a case that is found a scam" in page.words
        await found_scam(house.bot.store)
        path = path_of(await one_click(editor, 1))
        await found_scam(house.bot.store, DecisionKind.NOT_A_SCAM)
        page = await editor.get(path)
        assert "The decision has changed: take this request back" in page.words
        page = await step(editor, path, "withdrawn", reason="we were mistaken")
        assert "The request is taken back" in page.words
        assert 'name="step"' not in page.text


async def test_two_at_once_the_second_is_shown_what_the_first_did(house: House) -> None:
    case = await scam_case(house)
    async with AsyncExitStack() as stack:
        ann = await stack.enter_async_context(at_desk(house, Role.APPROVER, "Ann"))
        ben = await stack.enter_async_context(at_desk(house, Role.APPROVER, "Ben"))
        path = path_of(await one_click(ann, case))
        await filled(ann, path)
        seen_by_both = version(await ben.get(path))
        await step(ben, path, "sent")
        late = await ben.send(f"{path}/note", {"version": seen_by_both, "step": "removed"}, page=path)
        assert late.status == 409 and "Somebody changed this request before you" in late.words
        assert "sent" in late.words and "nothing of yours was saved" in late.words


async def test_each_role_does_its_own(house: House) -> None:
    case = await scam_case(house)
    async with AsyncExitStack() as stack:
        reader = await stack.enter_async_context(at_desk(house, Role.READER))
        editor = await stack.enter_async_context(at_desk(house, Role.EDITOR))
        path = path_of(await one_click(editor, case))
        assert (await one_click(reader, case)).status == 403
        assert (await reader.get(f"{path}/package.zip")).status == 403
        seen = await reader.get(path)
        assert seen.status == 200 and "shown to editors" in seen.words and "parcel-pay-th" not in seen.text
        assert (await step(editor, path, "sent")).status == 403
        today = await reader.get("/desk")
        assert "0 of 1 open take-down requests want a look" in today.words and "/results?lang=en" in today.text
        for wrong in ("/desk/takedowns/0", "/desk/takedowns/x", "/desk/takedowns/99999999999999999"):
            assert (await editor.get(wrong)).status == 404


@pytest.mark.parametrize(("size", "language"), [(PHONE, Language.THAI), (DESKTOP, Language.ENGLISH)])
async def test_axe_finds_nothing_on_the_pages_and_they_fit(house: House, browser, axe, language, size) -> None:
    case = await scam_case(house)
    async with at_desk(house, Role.EDITOR, "Ann") as ann:
        path = path_of(await one_click(ann, case))
        await filled(ann, path)
    async with desk_page(
        browser,
        house,
        Role.APPROVER,
        path,
        size=size,
        language=language,
        java_script_enabled=True,
        accept_downloads=True,
    ) as page:
        for where in (path, "/desk/takedowns", f"/desk/case/{case}"):
            await page.goto(house.url + where)
            assert await faults(page, axe) == [], where
            wide, screen = await page.evaluate(WIDER)
            assert wide <= screen, where
        if size is PHONE:
            # One click, without a script of ours: the page comes, and the file with it. To draw takes a slow machine long.
            await page.goto(f"{house.url}/desk/case/{case}")
            async with page.expect_download(timeout=90_000) as begun:
                await page.click("section[aria-labelledby=takedown] button[value=bank]")
            assert (await begun.value).suggested_filename == "RT-TD-00002.zip"
            assert await page.locator("h1").inner_text() == "คำขอ RT-TD-00002"
