"""The feed over a running house, read by the programs that agencies read it with: OASIS' validator, TAXII and MISP clients."""

from __future__ import annotations

import asyncio
import base64
import csv
import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import feedparser
import pytest
import stix2
import taxii2client.v21 as taxii
from browsing import faults
from bulletin_cast import OCTOBER, TABLES, add_officials, figures
from conftest import ROOT, House, free_port, house_of, served
from desk_cast import DESKTOP, at_desk, desk_page
from desk_cast import PHONE as A_PHONE
from feed_cast import ACCOUNT, ANONG, DOMAIN, LINE_ID, MALEE, PAGE, PHONE, Town, town_of
from pymisp import MISPEvent
from stix2validator import ValidationOptions, validate_string

from bot.feeds.campaigns import Confirmed, Publisher, Reach
from bot.feeds.stix import TLP, bundle, things
from bot.partners.guard import Scope
from bot.running import SystemClock
from bot.store import SqlStore
from bot.store.bulletins import Body, Bulletins
from bot.store.campaigns import Campaign, Marking
from bot.store.partners import PartnerBook
from content.loading import Knowledge
from content.models import Language
from content.reported import Subject
from handlers.officials import Role
from scheduler.alerts import warning_of
from scheduler.bulletins import Kind, Part

GREEN_TEXT = "รับสมัครงานกดไลก์ วันละสามพันบาท ไม่ต้องมีประสบการณ์ สมัครที่ https://like-job-th.example/start วันนี้เท่านั้น"
GREEN_DOMAIN = Subject("domain", "like-job-th.example")
SECRET = "a key for tests only, long enough"
TAXII_TYPE = "application/taxii+json;version=2.1"
PERSONAL = (PHONE, ACCOUNT)


@dataclass
class Agency:
    """A house with two warnings in its feed, and keys for whoever reads it."""

    house: House
    town: Town
    clear: Campaign
    green: Campaign
    keys: dict[str, str]

    @property
    def publisher(self) -> Publisher:
        return Publisher.of(self.house.settings)

    async def bundle(self, reach: Reach) -> str:
        """As `rutan export stix` makes it, by somebody who has not looked before."""
        bot = self.house.bot
        looking = Confirmed(bot.store.foundation, lambda: bot.ports.knowledge, self.publisher)
        return bundle(things(await looking.warnings(), reach, self.publisher), self.publisher)

    async def get(self, path: str, key: str = "", **headers: str) -> tuple[int, str, Any]:
        if key:
            headers["Authorization"] = f"Bearer {self.keys.get(key, key)}"
        async with self.house.http.get(self.house.url + path, headers=headers) as answer:
            return answer.status, await answer.text(), answer.headers


@asynccontextmanager
async def agency_of(folder: Path, url: str, knowledge: Knowledge) -> AsyncIterator[Agency]:
    # Written before anybody serves: a house would answer the messages of this story itself.
    store = SqlStore.open(url, [SECRET], SystemClock())
    town = Town(store, knowledge)
    clear = await town.confirmed()
    green = await town.confirmed((GREEN_DOMAIN,), Marking.GREEN, GREEN_TEXT, people=3, who="g")
    scopes = {"feeds": [Scope.FEEDS], "agency": [Scope.FEEDS, Scope.IDENTIFIERS], "other": [Scope.CHECK]}
    book = PartnerBook(store.foundation)
    keys = {name: (await book.add(name, each, 600, None, "operator")).key for name, each in scopes.items()}
    store.close()
    port = free_port()
    # Its own address stands in the feed, so it is chosen before the house is built.
    address = f"http://127.0.0.1:{port}"
    given = {"database_url": url, "secret_key": SECRET, "publisher_contact": "soc@rutan.example"}
    async with house_of(folder, port=port, public_url=address, **given) as house:
        yield Agency(house, town_of(house), clear, green, keys)


@pytest.fixture
async def agency(tmp_path: Path, knowledge: Knowledge) -> AsyncIterator[Agency]:
    async with agency_of(tmp_path, f"sqlite:///{tmp_path}/rutan.db", knowledge) as opened:
        yield opened


def objects_of(text: str, kind: str) -> list[dict[str, Any]]:
    return [each for each in json.loads(text)["objects"] if each["type"] == kind]


# STIX


async def test_the_bundle_of_every_reach_passes_the_validator_and_holds_what_that_reach_may_see(agency: Agency) -> None:
    await agency.town.book.end(agency.green.id, ANONG, "ผิด")
    for reach in Reach:
        text = await agency.bundle(reach)
        assert text == await agency.bundle(reach), "the same warnings, the same bytes"
        # A UUID of version 5 is the one thing that the strict check would have otherwise: ours come from what was confirmed.
        told = validate_string(text, ValidationOptions(version="2.1", strict=True, disabled=["uuid-check"]))
        assert told.is_valid and not told.errors and not told.warnings, [str(each) for each in told.errors]
        stix2.parse(text, allow_custom=False)
        patterns = " ".join(each["pattern"] for each in objects_of(text, "indicator"))
        assert (GREEN_DOMAIN.value in patterns) is (reach is not Reach.PUBLIC)
        for subject in PERSONAL:
            assert (subject.value in text) is (reach is Reach.AGENCIES)
        for subject in (DOMAIN, PAGE, LINE_ID):
            assert subject.value in patterns
        known = {each["id"] for each in json.loads(text)["objects"]}
        for each in objects_of(text, "relationship"):
            assert {each["source_ref"], each["target_ref"]} <= known


async def test_markings_counts_days_and_revocations_are_as_they_were_confirmed(agency: Agency) -> None:
    before = await agency.bundle(Reach.AGENCIES)
    first, second = sorted(objects_of(before, "campaign"), key=lambda each: each["created"])
    assert [first["object_marking_refs"], second["object_marking_refs"]] == [[TLP[Marking.CLEAR]], [TLP[Marking.GREEN]]]
    # Three people are too few to be counted for others.
    assert {each.get("count") for each in objects_of(before, "sighting")} == {6, None}
    assert first["first_seen"].endswith("T17:00:00Z"), "a day of Bangkok, and no minute"
    phone = next(each for each in objects_of(before, "indicator") if PHONE.value in each["pattern"])
    assert phone["object_marking_refs"] == [TLP[Marking.AMBER]] and phone["valid_until"] > phone["valid_from"]
    await agency.town.book.end(agency.clear.id, MALEE, "ผิด")
    after = await agency.bundle(Reach.AGENCIES)
    ended = [each for each in json.loads(after)["objects"] if each.get("revoked")]
    kinds = [each["type"] for each in ended]
    assert sorted(set(kinds)) == ["campaign", "indicator", "relationship", "sighting"] and kinds.count("indicator") == 5
    created = {each["id"]: each["created"] for each in json.loads(before)["objects"]}
    assert all(each["created"] == created[each["id"]] and each["modified"] > each["created"] for each in ended)
    same = {each["id"]: each for each in json.loads(before)["objects"]}
    assert all(each == same[each["id"]] for each in json.loads(after)["objects"] if not each.get("revoked"))


async def test_what_the_directory_owns_by_now_is_taken_back(agency: Agency) -> None:
    from dataclasses import replace

    ports = agency.house.bot.ports
    directory = replace(ports.knowledge.directory, taken=ports.knowledge.directory.taken | {DOMAIN.value})
    ports.knowledge = replace(ports.knowledge, directory=directory, version="later")
    text = await agency.bundle(Reach.PUBLIC)
    found = next(each for each in objects_of(text, "indicator") if DOMAIN.value in each["pattern"])
    assert found["revoked"] and not objects_of(text, "campaign")[0].get("revoked")
    assert DOMAIN.value.replace(".", "[.]") not in (await agency.get("/feeds/warnings.json"))[1]


# TAXII


async def test_a_taxii_client_reads_all_of_it(agency: Agency) -> None:
    def read() -> None:
        server = taxii.Server(f"{agency.house.url}/taxii2/", user="anybody", password=agency.keys["agency"])
        assert "Rutan" in server.title and server.contact == "soc@rutan.example"
        public, partners, agencies = server.default.collections
        assert [each.alias for each in (public, partners, agencies)] == list(Reach)
        assert not agencies.can_write and agencies.can_read
        pages = list(taxii.as_pages(agencies.get_objects, per_request=50))
        assert len(pages) > 2 and all(len(page["objects"]) <= 50 for page in pages)
        found = [each for page in pages for each in page["objects"]]
        assert len({each["id"] for each in found}) == len(found) > 120
        assert {each["id"] for each in found} == {
            each["id"] for page in taxii.as_pages(agencies.get_manifest, per_request=70) for each in page["objects"]
        }
        campaigns = agencies.get_objects(type="campaign")["objects"]
        assert len(campaigns) == 2 and len(public.get_objects(type="campaign,indicator")["objects"]) == 4
        newest = max(each["modified"] for each in campaigns)
        assert "objects" not in agencies.get_objects(added_after="2099-01-01T00:00:00.000Z")
        later = agencies.get_objects(added_after=newest, type="campaign")
        assert "objects" not in later
        one = campaigns[0]["id"]
        assert agencies.get_object(one)["objects"] == [campaigns[0]]
        assert agencies.object_versions(one)["versions"] == [campaigns[0]["modified"]]
        assert "objects" not in agencies.get_objects(id=one, version="2020-01-01T00:00:00.000Z")
        assert agencies.get_objects(id=one, version="first", spec_version="2.1")["objects"]
        with pytest.raises(Exception, match="404"):
            agencies.get_object("campaign--00000000-0000-4000-8000-000000000000")

    await asyncio.to_thread(read)


async def test_the_example_in_the_documentation_runs(agency: Agency) -> None:
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "feeds.md").read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    code = found[1].replace("https://rutan.example", agency.house.url).replace("rtn_…", agency.keys["feeds"])
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert {"campaign", "indicator", "sighting"} <= {line.split()[0] for line in done.stdout.splitlines()}


async def test_a_revocation_and_a_revoked_key_are_heard_in_every_process_at_once(
    tmp_path: Path, url: str, knowledge: Knowledge
) -> None:
    """At the very next request, which is well within the five seconds that partners are promised."""
    public = "/taxii2/warnings/collections/public/objects/?match[type]=campaign"
    closed = "/feeds/misp/partners/manifest.json"
    async with (
        agency_of(tmp_path, url, knowledge) as agency,
        served(agency.house.settings.model_copy(update={"port": free_port()})) as other,
    ):
        key = {"Authorization": f"Bearer {agency.keys['feeds']}"}

        async def asked(path: str, **headers: str) -> list[tuple[int, Any]]:
            """What both processes say."""
            told = []
            for port in (agency.house.settings.port, other.settings.port):
                async with agency.house.http.get(f"http://127.0.0.1:{port}{path}", headers=headers) as answer:
                    told.append((answer.status, await answer.json(content_type=None)))
            return told

        for status, body in await asked(public):
            assert status == 200 and "revoked" not in body["objects"][0]
        for status, body in await asked(closed, **key):
            assert status == 200 and set(body) == {agency.clear.uuid, agency.green.uuid}
        await agency.town.book.end(agency.clear.id, ANONG, "ผิด")
        for status, body in await asked(public):
            assert status == 200 and body["objects"][0]["revoked"] is True
        await agency.house.bot.partners.book.revoke("feeds", "operator")
        assert [status for status, _ in await asked(closed, **key)] == [401, 401]


async def test_whoever_may_not_and_whoever_asks_oddly_hears_why(agency: Agency) -> None:
    of = "/taxii2/warnings/collections/"
    for path in (
        f"{of}partners/",
        f"{of}partners/objects/",
        f"{of}agencies/manifest/",
        "/feeds/misp/partners/manifest.json",
    ):
        status, _, headers = await agency.get(path)
        assert status == 401 and headers["WWW-Authenticate"].startswith("Bearer"), path
        assert (await agency.get(path, "other"))[0] == 403
        assert (await agency.get(path, "nothing"))[0] == 401
    assert (await agency.get(f"{of}agencies/", "feeds"))[0] == 403 and (await agency.get(f"{of}partners/", "feeds"))[
        0
    ] == 200
    for password, status in ((agency.keys["feeds"], 200), ("rtn_wrong", 401), ("", 401), ("ก", 401)):
        basic = base64.b64encode(f"x:{password}".encode()).decode()
        assert (await agency.get(f"{of}partners/", Authorization=f"Basic {basic}"))[0] == status
    assert (await agency.get(f"{of}partners/", Authorization="Basic !!"))[0] == 401
    listed = json.loads((await agency.get(of, "feeds"))[1])["collections"]
    assert [each["alias"] for each in listed] == ["public", "partners"]
    for accept, status in (
        (TAXII_TYPE, 200),
        ("application/taxii+json", 200),
        ("*/*", 200),
        ("application/json", 406),
        ("application/taxii+json;version=2.0", 406),
        ("text/html, */*;q=0.1", 200),
    ):
        assert (await agency.get(of, Accept=accept))[0] == status, accept
    for query in (
        "limit=0",
        "limit=x",
        "limit=-1",
        "next=!!",
        "next=aGVsbG8",
        "added_after=yesterday",
        "added_after=2026-01-01",
    ):
        status, text, headers = await agency.get(f"{of}public/objects/?{query}")
        assert status == 400 and json.loads(text)["title"] and headers["Content-Type"] == TAXII_TYPE, query
    assert (await agency.get(f"{of}public/objects?match[type]=campaign"))[1].count('"campaign"') == 1
    for path in (f"{of}nobody/", "/taxii2/none", "/taxii2/other/", f"{of}public/nothing/", f"{of}public/objects/x/"):
        assert (await agency.get(path))[0] == 404, path
    for method, kind, status in (
        ("POST", TAXII_TYPE, 403),
        ("POST", "application/json", 415),
        ("DELETE", TAXII_TYPE, 403),
    ):
        path = f"{of}public/objects/" + ("x/" if method == "DELETE" else "")
        async with agency.house.http.request(
            method, agency.house.url + path, data=b"{}", headers={"Content-Type": kind, "Accept": TAXII_TYPE}
        ) as answer:
            assert answer.status == status, (method, kind)


# MISP


async def test_misp_pulls_the_feed_and_takes_a_revocation(agency: Agency) -> None:
    status, text, _ = await agency.get("/feeds/misp/manifest.json")
    assert status == 200 and list(json.loads(text)) == [agency.clear.uuid]
    manifest = json.loads((await agency.get("/feeds/misp/agencies/manifest.json", "agency"))[1])
    assert set(manifest) == {agency.clear.uuid, agency.green.uuid}

    async def event(path: str, key: str = "") -> MISPEvent:
        made = MISPEvent()
        made.load((await agency.get(path, key))[1])
        return made

    public = await event(f"/feeds/misp/{agency.clear.uuid}.json")
    whole = await event(f"/feeds/misp/agencies/{agency.clear.uuid}.json", "agency")
    assert {tag.name for tag in public.tags} >= {"tlp:clear", 'rutan:entry="parcel-fee-link"'}
    assert {each.type for each in public.attributes} == {"domain", "url", "text"}
    kinds = {each.type: each for each in whole.attributes}
    assert kinds["phone-number"].value == PHONE.value and kinds["bank-account-nr"].value == ACCOUNT.value
    assert kinds["domain"].to_ids and [tag.name for tag in kinds["phone-number"].tags] == ["tlp:amber"]
    _, hashes, _ = await agency.get("/feeds/misp/hashes.csv")
    rows = list(csv.reader(hashes.splitlines()))
    assert [hashlib.md5(DOMAIN.value.encode()).hexdigest(), agency.clear.uuid] in rows and len(rows) == 3
    await agency.town.book.end(agency.clear.id, ANONG, "ผิด")
    ended = await event(f"/feeds/misp/{agency.clear.uuid}.json")
    assert ended.info.startswith("[Revoked]") and ended.timestamp > public.timestamp
    assert all(each.deleted and not each.to_ids for each in ended.attributes)
    for odd in ("x.json", "..%2fmanifest.json", "nobody/manifest.json", f"{agency.green.uuid}.json"):
        assert (await agency.get(f"/feeds/misp/{odd}"))[0] == 404, odd


# JSON Feed, Atom, the page


async def signed_alert(house: House) -> None:
    """An urgent warning that two officials signed, on its way."""
    book, knowledge = Bulletins(house.bot.store.foundation), house.bot.ports.knowledge
    add_officials(house.settings.database_url, [("Malee", Role.EDITOR), ("Anong", Role.APPROVER)])
    body = Body(warning_of("job-like-and-follow", knowledge), figures(tables=TABLES))
    number = await book.draft(OCTOBER, body, "house", kind=Kind.ALERT)
    for name in ("Malee", "Anong"):
        await book.sign(number, name)
    plan = await book.plan(await book.get(number), Part())
    await book.schedule(number, house.bot.ports.clock.now(), Part(), plan, "Malee")
    for _ in range(1_200):
        if (await book.get(number)).state == "sent":
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the alert was not sent")


async def test_readers_get_what_is_public_in_both_languages_and_hear_what_was_taken_back(agency: Agency) -> None:
    house = agency.house
    await signed_alert(house)
    for language in Language:
        _, text, headers = await agency.get(f"/feeds/warnings.json?lang={language.value}")
        assert headers["Content-Type"] == "application/feed+json"
        said = json.loads(text)
        assert said["version"] == "https://jsonfeed.org/version/1.1" and said["language"] == language.value
        assert {each["_rutan"]["kind"] for each in said["items"]} == {"campaign", "alert"}
        assert GREEN_DOMAIN.value.replace(".", "[.]") not in text and DOMAIN.value.replace(".", "[.]") in text
        assert DOMAIN.value not in text, "nobody taps it by mistake"
        for subject in PERSONAL:
            assert subject.value not in text
        atom = feedparser.parse((await agency.get(f"/feeds/warnings.atom?lang={language.value}"))[1])
        assert not atom.bozo and atom.version == "atom10" and len(atom.entries) == 2
        assert {each.id for each in atom.entries} == {each["id"] for each in said["items"]}
        page = (await agency.get(f"/warnings?lang={language.value}"))[1]
        assert all(f'id="campaign-{each.uuid}"' in page for each in (agency.clear,)) and agency.green.uuid not in page
    report = objects_of(await agency.bundle(Reach.PUBLIC), "report")
    assert len(report) == 1 and report[0]["object_refs"][0].startswith("attack-pattern--")
    tag = (await agency.get("/feeds/warnings.atom"))[2]["ETag"]
    assert (await agency.get("/feeds/warnings.atom", **{"If-None-Match": tag}))[0] == 304
    await agency.town.book.end(agency.clear.id, ANONG, "ผิด")
    status, text, _ = await agency.get("/feeds/warnings.json?lang=en", **{"If-None-Match": tag})
    ended = next(each for each in json.loads(text)["items"] if each["_rutan"]["kind"] == "campaign")
    assert status == 200 and ended["_rutan"]["revoked"] and ended["title"].startswith("Withdrawn:")
    assert DOMAIN.value.replace(".", "[.]") not in text
    assert (await agency.get("/feeds/warnings.xml"))[0] == 404


# The command line


@pytest.mark.slow
async def test_the_command_line_gives_the_same_bytes(agency: Agency, tmp_path: Path) -> None:
    settings = agency.house.settings
    given = {
        "DATABASE_URL": settings.database_url,
        "SECRET_KEY": SECRET,
        "PUBLIC_URL": settings.public_url,
        "PUBLISHER_CONTACT": settings.publisher_contact,
        "PYTHONPATH": str(ROOT),
    }

    def rutan(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "bot", "export", *words],
            capture_output=True,
            text=True,
            env=os.environ | given,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    told = await asyncio.to_thread(rutan, "stix", "--for", "agencies")
    assert told == await agency.bundle(Reach.AGENCIES)
    folder = tmp_path / "misp"
    await asyncio.to_thread(rutan, "misp", "--to", str(folder))
    assert {each.name for each in folder.iterdir()} == {"manifest.json", "hashes.csv", f"{agency.clear.uuid}.json"}
    for each in folder.iterdir():
        assert each.read_text(encoding="utf-8") == (await agency.get(f"/feeds/misp/{each.name}"))[1]


# The desk


async def test_two_officials_at_the_desk_make_a_warning_and_take_it_back(house: House) -> None:
    town = town_of(house)
    case = await town.reported()
    async with at_desk(house, Role.EDITOR, "Malee") as editor, at_desk(house, Role.APPROVER, "Anong") as approver:
        assert "Propose an early warning" not in (await editor.get(f"/desk/case/{case}")).words
        page = f"/desk/case/{case}/warning"
        assert "First decide" in (await editor.get(page)).words
        await town.decided(case)
        assert page in (await editor.get(f"/desk/case/{case}")).text
        form = await editor.get(page)
        assert "parcel-pay-th[.]example" in form.text and PHONE.value not in form.text
        asked = {
            "marking": "clear",
            "days": "90",
            "links": "hxxps://parcel-pay-th[.]example/a1",
            "phones": "082-000 1234",
        }
        for wrong, words in (
            ({"links": "https://www.kasikornbank.com/th"}, "directory of real organisations"),
            ({"links": "nothing"}, "cannot be read"),
            ({"phones": "089-000-9999"}, "did not name this: 089-000-9999"),
            ({"phones": "1-2345-67890-12-3"}, "national id"),
            ({"marking": ""}, "Choose who may be told"),
            ({"days": "9999"}, "Choose how long"),
        ):
            refused = await editor.send(page, {**asked, **wrong}, page=page)
            assert refused.status == 422 and words in refused.words, (wrong, refused.words)
        made = await editor.send(page, asked, page=page)
        assert (
            made.status == 200 and made.url.endswith("/desk/campaigns/1") and "waits for a second person" in made.words
        )
        log = str([row async for row in audit_of(house)])
        assert "early warning proposed" in log and PHONE.value not in log and "082-000" not in log
        assert (await editor.send("/desk/campaigns/1/confirm", page="/desk/campaigns/1")).status == 403
        assert "1 early warnings wait" in (await approver.get("/desk")).words
        assert "hxxp" not in (await approver.get("/desk/campaigns/1")).text
        confirmed = await approver.send("/desk/campaigns/1/confirm", page="/desk/campaigns/1")
        assert "it is in the feed" in confirmed.words and PHONE.value in confirmed.words
        async with at_desk(house, Role.READER) as reader:
            shown = await reader.get("/desk/campaigns/1")
            assert PHONE.value not in shown.text and "covered" in shown.words and "Take it back" not in shown.words
            assert "in the feed" in (await reader.get("/desk/campaigns")).words
            assert (await reader.get("/desk/campaigns/2")).status == 404
        again = await approver.send("/desk/campaigns/1/confirm", page="/desk/campaigns/1")
        assert again.status == 409 and "quicker" in again.words
        ended = await editor.send("/desk/campaigns/1/end", {"reason": "wrong site"}, page="/desk/campaigns/1")
        assert "revoked" in ended.words and "wrong site" in ended.words
    assert (await town.book.get(1)).revoked


@pytest.mark.browser
@pytest.mark.parametrize(
    ("size", "language"), [(A_PHONE, Language.THAI), (DESKTOP, Language.ENGLISH)], ids=["phone", "desktop"]
)
async def test_no_page_of_the_warnings_or_the_open_data_shuts_anybody_out(house, browser, axe, size, language) -> None:
    town = town_of(house)
    warned = await town.confirmed()
    waiting = await town.proposed((GREEN_DOMAIN,), Marking.GREEN, GREEN_TEXT, who="g")
    paths = (
        "/desk/campaigns",
        f"/desk/campaigns/{warned.id}",
        f"/desk/campaigns/{waiting.id}",
        f"/desk/case/{warned.case}/warning",
        f"/desk/case/{warned.case}",
    )
    async with desk_page(browser, house, Role.APPROVER, "/desk/campaigns", language=language, size=size) as page:
        for path in (*paths, f"/warnings?lang={language.value}", f"/open-data?lang={language.value}"):
            await page.goto(house.url + path)
            assert await page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
            assert await faults(page, axe) == [], path


def audit_of(house: House) -> Any:
    from bot.store.audit import AuditLog

    return AuditLog(house.bot.store.foundation).rows()
