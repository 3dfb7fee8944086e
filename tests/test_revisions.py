"""Revisions of the knowledge: laid over the files as the repository holds them; drafted by one, approved by another."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from store_cast import NOON, SECRET, SOMCHAI, StandingClock, change, rows

from bot.store import SqlStore
from bot.store.audit import AuditLog
from bot.store.revisions import NotDone, Revision, Revisions, State, Why
from content import loading, revising
from content.loading import Knowledge
from content.revising import Body, Kind, Located, Revised, body_of, entry_text, lay, organisation_text
from handlers.officials import Official, Role

ROOT = Path(__file__).parents[1]
ANONG = Official(1, "Anong", Role.EDITOR)
BOON = Official(2, "Boon", Role.APPROVER)
CHAI = Official(3, "Chai", Role.APPROVER)
ENTRY, BANK = "parcel-fee-link", "kbank"


# --- the files -------------------------------------------------------------------------------------------------------
def test_what_nobody_revised_keeps_its_very_bytes(knowledge: Knowledge, tmp_path: Path) -> None:
    every = [Revised(Kind.ENTRY, each.id, body_of(each)) for each in knowledge.entries.values()]
    every += [Revised(Kind.ORGANISATION, each.id, body_of(each)) for each in knowledge.organisations.values()]
    lay(loading.FOLDER, every, tmp_path)
    for path in loading.content_files(loading.FOLDER):
        assert (tmp_path / path.relative_to(loading.FOLDER)).read_bytes() == path.read_bytes(), path.name


def test_an_entry_is_written_as_the_repository_writes_it(knowledge: Knowledge) -> None:
    for each in knowledge.entries.values():
        old = (loading.FOLDER / "entries" / f"{each.id}.yaml").read_text(encoding="utf-8")
        assert entry_text(body_of(each), stepped="\n  th:\n  - " not in old) == old, each.id


def test_an_organisation_is_written_as_the_repository_writes_it(knowledge: Knowledge) -> None:
    text = (loading.FOLDER / "directory.yaml").read_text(encoding="utf-8")
    for each in knowledge.organisations.values():
        assert organisation_text(body_of(each)) in text, each.id


def test_a_change_touches_its_own_lines_only(knowledge: Knowledge, tmp_path: Path) -> None:
    bank = body_of(knowledge.organisations[BANK]) | {"numbers": ["02-888-8888", "02-000-1234"]}
    entry = body_of(knowledge.entries[ENTRY]) | {"title": {"th": "พัสดุปลอม", "en": "A parcel: that is not there"}}
    new = Revised(Kind.ORGANISATION, "aircon-shop", {**bank, "id": "aircon-shop", "domains": ["aircon.example"]})
    lay(loading.FOLDER, [Revised(Kind.ORGANISATION, BANK, bank), Revised(Kind.ENTRY, ENTRY, entry), new], tmp_path)
    changed = [
        path.relative_to(loading.FOLDER).as_posix()
        for path in loading.content_files(loading.FOLDER)
        if (tmp_path / path.relative_to(loading.FOLDER)).read_bytes() != path.read_bytes()
    ]
    assert changed == ["directory.yaml", f"entries/{ENTRY}.yaml"]
    old = (loading.FOLDER / "directory.yaml").read_text(encoding="utf-8").splitlines()
    lines = (tmp_path / "directory.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line not in old][:1] == ['  numbers: ["02-888-8888", "02-000-1234"]']
    assert [line for line in old if line not in lines] == ['  numbers: ["02-888-8888"]']
    made = loading.load(tmp_path, cache=None, today=date.min)
    assert made.organisations[BANK].numbers == ("02-888-8888", "02-000-1234")
    assert made.entries[ENTRY].title.en == "A parcel: that is not there"
    assert body_of(made.organisations["aircon-shop"]) == revising.tidy(new.body)


@pytest.mark.parametrize("name", ["../x", "a/b", "", "A", "x" * 61, "ก", "a..b", "."])
def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name of a file"):
        lay(loading.FOLDER, [Revised(Kind.ENTRY, name, {"id": name})], tmp_path)


@pytest.mark.parametrize(
    "odd",
    [
        'say: "hello" # not',
        "- a",
        "{x}",
        "*a",
        "&b",
        "!c",
        "%d",
        "@e",
        "null",
        "2026-11-22",
        "1441",
        "yes",
        "a\\b",
        "😀'",
    ],
)
def test_whatever_is_written_comes_back_the_same(odd: str, knowledge: Knowledge, tmp_path: Path) -> None:
    bank = body_of(knowledge.organisations[BANK]) | {"name": {"th": odd, "en": odd}}
    (tmp_path / "entries").mkdir()
    entry = body_of(knowledge.entries[ENTRY]) | {"title": {"th": odd, "en": odd}, "do_now": {"th": [odd], "en": [odd]}}
    assert revising._same(revising.yaml.safe_load(entry_text(entry)), entry)
    assert revising._same(revising.yaml.safe_load(organisation_text(bank))[0], bank)


# --- the store -------------------------------------------------------------------------------------------------------
@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(url: str, clock: StandingClock) -> Iterator[SqlStore]:
    opened = SqlStore.open(url, [SECRET], clock)
    yield opened
    opened.close()


@pytest.fixture
def revisions(store: SqlStore) -> Revisions:
    return Revisions(store.foundation)


def body(title: str, **more: Any) -> Body:
    return {"id": ENTRY, "title": {"th": title, "en": title}, **more}


async def drafted(revisions: Revisions, title: str = "ใหม่", name: str = ENTRY) -> Revision:
    return await revisions.begin(Revised(Kind.ENTRY, name, body(title)), ANONG, "a reason")


async def asked(revisions: Revisions, title: str = "ใหม่", name: str = ENTRY) -> Revision:
    made = await drafted(revisions, title, name)
    await revisions.checked(made.id, made.version, [])
    return await revisions.ask(made.id, made.version, ANONG)


async def live(revisions: Revisions, title: str = "ใหม่", name: str = ENTRY) -> Revision:
    made = await asked(revisions, title, name)
    newest = await revisions.newest()
    return await revisions.approve(made.id, made.version, BOON, body("เดิม"), newest, "v")


async def test_one_drafts_and_another_approves(revisions: Revisions, store: SqlStore) -> None:
    assert await revisions.newest() == 0
    made = await live(revisions)
    assert (made.state, made.writers, made.decided_by, made.live_order) == (State.LIVE, ("Anong",), "Boon", 1)
    assert made.before == body("เดิม")
    assert await revisions.newest() == 1
    assert await revisions.standing() == (1, [Revised(Kind.ENTRY, ENTRY, body("ใหม่"))])
    done = [(row["actor"], row["act"]) async for row in AuditLog(store.foundation).rows()]
    assert done == [
        ("official:Anong", "knowledge drafted"),
        ("official:Anong", "approval of knowledge asked"),
        ("official:Boon", "knowledge approved"),
    ]


async def test_nobody_approves_what_they_wrote(revisions: Revisions) -> None:
    made = await drafted(revisions)
    # Boon puts in a word of his own: now he is one of the writers.
    made = await revisions.save(made.id, made.version, body("ดีกว่า"), BOON, "")
    await revisions.checked(made.id, made.version, [])
    made = await revisions.ask(made.id, made.version, ANONG)
    with pytest.raises(NotDone) as refused:
        await revisions.approve(made.id, made.version, BOON, None, 0, "v")
    assert refused.value.why is Why.OWN
    assert (await revisions.approve(made.id, made.version, CHAI, None, 0, "v")).state is State.LIVE


async def test_the_later_of_two_editors_is_told_and_loses_nothing(revisions: Revisions) -> None:
    made = await drafted(revisions)
    await revisions.save(made.id, made.version, body("ของบุญ"), BOON, "")
    with pytest.raises(NotDone) as refused:
        await revisions.save(made.id, made.version, body("ของอนงค์"), ANONG, "")
    assert refused.value.why is Why.CHANGED
    assert refused.value.now is not None and refused.value.now.body == body("ของบุญ")
    assert (await revisions.get(made.id)) == refused.value.now


async def test_of_many_who_save_at_once_one_is_kept(revisions: Revisions) -> None:
    made = await drafted(revisions)
    saves = [revisions.save(made.id, made.version, body(f"รุ่น {number}"), BOON, "") for number in range(8)]
    done = await asyncio.gather(*saves, return_exceptions=True)
    kept = [each for each in done if isinstance(each, Revision)]
    assert len(kept) == 1 and sum(isinstance(each, NotDone) for each in done) == 7
    assert (await revisions.get(made.id)) == kept[0]


async def test_of_two_who_approve_at_once_one_is_told(revisions: Revisions) -> None:
    made = await asked(revisions)
    both = [revisions.approve(made.id, made.version, who, None, 0, "v") for who in (BOON, CHAI)]
    done = await asyncio.gather(*both, return_exceptions=True)
    (told,) = [each for each in done if isinstance(each, NotDone)]
    assert told.why in (Why.CHANGED, Why.MOVED)
    assert await revisions.newest() == 1


async def test_there_is_one_draft_of_a_thing(revisions: Revisions) -> None:
    made = await drafted(revisions)
    with pytest.raises(NotDone) as refused:
        await revisions.begin(Revised(Kind.ENTRY, ENTRY, body("อีกร่าง")), BOON)
    assert refused.value.why is Why.OPEN and refused.value.now == made
    await revisions.drop(made.id, made.version, ANONG)
    assert (await drafted(revisions, "อีกร่าง")).id != made.id


async def test_what_is_approved_is_what_was_read(revisions: Revisions) -> None:
    made = await asked(revisions)
    await revisions.save(made.id, made.version, body("แอบเปลี่ยน"), ANONG, "")
    with pytest.raises(NotDone) as refused:
        await revisions.approve(made.id, made.version, BOON, None, 0, "v")
    assert refused.value.why is Why.CHANGED
    assert await revisions.newest() == 0


async def test_what_became_live_since_the_checks_asks_for_new_checks(revisions: Revisions) -> None:
    made = await asked(revisions)
    await live(revisions, "อื่น", "loan-fee-before-money")
    with pytest.raises(NotDone) as refused:
        await revisions.approve(made.id, made.version, BOON, None, 0, "v")
    assert refused.value.why is Why.MOVED


async def test_what_is_faulty_or_unchecked_cannot_be_asked_for(revisions: Revisions) -> None:
    made = await drafted(revisions)
    with pytest.raises(NotDone) as refused:
        await revisions.ask(made.id, made.version, ANONG)
    assert refused.value.why is Why.FAULTY
    fault = Located("entry", ENTRY, ("title", "en"), "the English is missing", f"entries/{ENTRY}.yaml")
    await revisions.checked(made.id, made.version, [fault])
    again = await revisions.get(made.id)
    assert again is not None and again.faults == (fault,)
    with pytest.raises(NotDone):
        await revisions.ask(made.id, made.version, ANONG)
    saved = await revisions.save(made.id, made.version, body("ดีแล้ว"), ANONG, "")
    assert saved.faults is None, "what was found in an older text says nothing of this one"


async def test_the_checks_of_an_older_text_are_not_kept(revisions: Revisions) -> None:
    made = await drafted(revisions)
    saved = await revisions.save(made.id, made.version, body("ใหม่กว่า"), ANONG, "")
    await revisions.checked(made.id, made.version, [])
    assert (await revisions.get(saved.id)) == saved


async def test_sent_back_with_a_remark_it_is_a_draft_again(revisions: Revisions) -> None:
    made = await asked(revisions)
    back = await revisions.send_back(made.id, made.version, BOON, "ขอที่มาอีกหนึ่ง")
    assert (back.state, back.remark) == (State.DRAFT, "ขอที่มาอีกหนึ่ง")
    with pytest.raises(NotDone):
        await revisions.approve(made.id, made.version, BOON, None, 0, "v")


async def test_the_history_keeps_every_text(revisions: Revisions) -> None:
    first, second = await live(revisions, "หนึ่ง"), await live(revisions, "สอง")
    past = await revisions.history(Kind.ENTRY, ENTRY)
    assert [(each.id, each.state) for each in past] == [(second.id, State.LIVE), (first.id, State.PAST)]
    _, chains = await revisions.chains()
    assert [[each.body for each in chain] for chain in chains] == [[body("สอง"), body("หนึ่ง")]]


async def test_a_refused_revision_is_said_once_and_the_one_before_it_stands(
    revisions: Revisions, store: SqlStore
) -> None:
    await live(revisions, "หนึ่ง")
    second = await live(revisions, "สอง")
    said = await asyncio.gather(*(revisions.refuse(second.id, ["broken"]) for _ in range(4)))
    assert sorted(said) == [False, False, False, True]
    acts = [row["act"] async for row in AuditLog(store.foundation).rows()]
    assert acts.count("knowledge refused") == 1
    assert await revisions.standing() == (2, [Revised(Kind.ENTRY, ENTRY, body("หนึ่ง"))])
    assert [each.id for each in await revisions.refused()] == [second.id]
    await revisions.accept(second.id)
    assert await revisions.standing() == (2, [Revised(Kind.ENTRY, ENTRY, body("สอง"))])


async def test_a_name_that_is_no_id_is_refused(revisions: Revisions, url: str) -> None:
    for name in ("../x", "A b", "x'; drop table revisions; --"):
        with pytest.raises(NotDone) as refused:
            await revisions.begin(Revised(Kind.ENTRY, name, body("x")), ANONG)
        assert refused.value.why is Why.NAME
    assert rows(url, "revisions") == []


async def test_a_draft_is_tried_on_the_masked_words_of_the_last_week(
    revisions: Revisions, store: SqlStore, url: str, clock: StandingClock
) -> None:
    from store_cast import NUMBERED, REPORT, answered

    from handlers.messages import Outcome, Session

    await answered(store, "e1", Outcome(Session(), NUMBERED, report=REPORT), SOMCHAI)
    assert await revisions.reports_to_try(clock.now()) == [REPORT.text]
    change(url, "update reports set hidden = 1")
    assert await revisions.reports_to_try(clock.now()) == []
    change(url, "update reports set hidden = 0")
    clock.on(days=8)
    assert await revisions.reports_to_try(clock.now()) == []
    assert clock.now() > NOON


# --- the workbench ---------------------------------------------------------------------------------------------------
def job(do: str, **given: Any) -> dict[str, Any]:
    """A job of the process beside us, as the bot gives it."""
    asked = json.dumps({"do": do, "root": str(loading.FOLDER), **given})
    done = subprocess.run(
        [sys.executable, "-m", "content.workbench"], input=asked, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def row(kind: Kind, name: str, made: Body, id: int = 0) -> dict[str, Any]:
    return {"id": id, "kind": kind.value, "name": name, "body": made}


@pytest.mark.slow
def test_every_fault_of_a_draft_is_found_at_its_field(knowledge: Knowledge) -> None:
    taken = knowledge.entries["loan-fee-before-money"].phrases.scammer.th[0]
    draft = json.loads(json.dumps(body_of(knowledge.entries[ENTRY])))
    draft["phrases"]["scammer"]["th"].insert(2, taken)
    draft["signs"].append("no-such-sign")
    draft["do_now"]["en"] = ["It is safe now"]
    draft["check_yourself"]["th"].append("ดูที่ stranger-site-000.click/help")
    draft["expires_on"] = "2020-01-01"
    found = job("check", day="2026-11-22", revised=[], draft=row(Kind.ENTRY, ENTRY, draft))["faults"]
    at = {".".join(str(step) for step in each["loc"]): each["message"] for each in found}
    assert set(at) == {"phrases.scammer.th.2", f"signs.{len(draft['signs']) - 1}", "do_now.en.0", "expires_on"} | {
        f"check_yourself.th.{len(draft['check_yourself']['th']) - 1}"
    }
    assert all(each["name"] == ENTRY for each in found)


@pytest.mark.slow
def test_what_an_organisation_lacks_and_may_not_claim_is_found(knowledge: Knowledge) -> None:
    bank = body_of(knowledge.organisations[BANK])
    draft = {
        **bank,
        "domains": ["kasikornbank.com", "https://x.example/", "co.th", "bit.ly", "scb.co.th"],
        "numbers": ["1", "x"],
    }
    draft["name"] = {"th": "ธนาคาร"}
    found = job("check", day="2026-11-22", revised=[], draft=row(Kind.ORGANISATION, BANK, draft))["faults"]
    assert [each["loc"] for each in found if each["name"] == BANK] == [["name", "en"]]
    draft["name"] = bank["name"]
    found = job("check", day="2026-11-22", revised=[], draft=row(Kind.ORGANISATION, BANK, draft))["faults"]
    mine = [each["message"] for each in found if each["name"] == BANK]
    for said in ("no domain name", "an ending", "short links", "no telephone number"):
        assert any(said in message for message in mine), said
    assert any("already belongs to" in each["message"] for each in found)


@pytest.mark.slow
def test_a_fault_that_was_there_before_is_not_blamed_on_the_draft(knowledge: Knowledge) -> None:
    # Another entry has run out meanwhile: no reason to keep this one from being put right.
    stale = body_of(knowledge.entries["loan-fee-before-money"]) | {
        "reviewed_on": "2026-01-01",
        "expires_on": "2026-02-01",
    }
    draft = body_of(knowledge.entries[ENTRY])
    others = [row(Kind.ENTRY, "loan-fee-before-money", stale)]
    assert job("check", day="2026-11-22", revised=others, draft=row(Kind.ENTRY, ENTRY, draft))["faults"] == []


@pytest.mark.slow
def test_a_broken_revision_falls_back_on_the_one_before_it(knowledge: Knowledge, tmp_path: Path) -> None:
    good = body_of(knowledge.entries[ENTRY]) | {"title": {"th": "ดี", "en": "Good"}}
    bad = {**good, "signs": ["no-such-sign"]}
    other = body_of(knowledge.entries["loan-fee-before-money"]) | {"title": {"th": "อื่น", "en": "Other"}}
    chains = [
        [row(Kind.ENTRY, ENTRY, bad, 3), row(Kind.ENTRY, ENTRY, good, 1)],
        [row(Kind.ENTRY, "loan-fee-before-money", other, 2)],
    ]
    into = tmp_path / "made"
    result = job("build", chains=chains, cache=None, into=str(into))
    assert result["used"] == [1, 2]
    assert [each["id"] for each in result["refused"]] == [3]
    assert any("no-such-sign" in said for said in result["refused"][0]["faults"])
    import pickle

    made = pickle.loads(into.read_bytes())
    assert made.entries[ENTRY].title.en == "Good" and made.version == result["version"]


# --- the command line ------------------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_what_is_exported_is_what_is_live(knowledge: Knowledge, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/rutan.db"
    store = SqlStore.open(url, [SECRET], StandingClock())
    revisions = Revisions(store.foundation)
    new = body_of(knowledge.entries[ENTRY]) | {"title": {"th": "พัสดุปลอม", "en": "A false parcel"}}
    made = await revisions.begin(Revised(Kind.ENTRY, ENTRY, new), ANONG)
    await revisions.checked(made.id, made.version, [])
    made = await revisions.ask(made.id, made.version, ANONG)
    await revisions.approve(made.id, made.version, BOON, body_of(knowledge.entries[ENTRY]), 0, "v")
    store.close()
    folder = tmp_path / "out"
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "bot", "export", "knowledge", str(folder)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "", "DATABASE_URL": url, "SECRET_KEY": SECRET, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    loaded = loading.load(folder, cache=None, today=date.min)
    assert loaded.version in done.stdout and loaded.entries[ENTRY].title.en == "A false parcel"
    same = [name for name in loaded.entries if loaded.entries[name] == knowledge.entries[name]]
    assert len(same) == len(knowledge.entries) - 1
    # Once the repository holds it, the revision changes nothing any more.
    lay(folder, [Revised(Kind.ENTRY, ENTRY, new)], tmp_path / "again")
    assert loading.load(tmp_path / "again", cache=None, today=date.min).version == loaded.version
