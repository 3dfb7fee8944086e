"""What somebody with bad intentions tries at the desk: on every page and every form there is, found by asking the desk."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import aiohttp
import pytest
from conftest import House
from desk_cast import PASSWORD, Seen, Visitor, account, at_desk, desk_page, officials_of, stands_still, visitor
from playwright.async_api import Browser, Dialog
from store_cast import rows
from yarl import URL

from bot import desk
from bot.desk.forms import LARGEST_FORM
from bot.desk.frame import HOME, Page, own_path
from bot.store.audit import OPERATOR
from bot.store.doorkeeping import FREE_TRIES, Doorkeeping
from bot.store.limits import Limits
from bot.store.officials import fitting_name
from content.models import Language, ScamType
from content.verdict import Level
from handlers.limits import LimitKind
from handlers.messages import Address, Kind, Message, NewReport, Outcome, Platform, Reply, Session
from handlers.officials import Role

# Each is a page that would do something, were it not stopped.
SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'-alert(3)-'",
    "{{ 7 * 191 }}{% for x in [].__class__.__mro__ %}{% endfor %}",
    "javascript:alert(4)",
    "</textarea></title><svg onload=alert(5)>",
)
ONE_SCRIPT = "".join(SCRIPTS)
RAW = ("<script>alert", "<img src=x", "<svg onload", "1337", 'href="javascript:')
SQL = (
    "' OR '1'='1",
    "1; drop table officials; --",
    '" union select password from officials --',
    "1) or (1=1",
    "%27",
    "\x00",
    "9" * 40,
    "-1",
    "๑",
)
# So many pages of one kind are looked at: entries of the knowledge are alike.
SOME = 4
# Two that end the session of whoever tries them.
FAREWELLS = ("/desk/sign-out", "/desk/sign-out-everywhere")


def pages(house: House) -> list[Page]:
    """Every page and form of the desk."""
    return list(desk.furnished(house.bot).pages)


def filled(path: str, value: str = "1") -> str:
    """The path with its holes filled."""
    return re.sub(r"\{[^}]*\}", lambda hole: value, path)


def lower(role: Role) -> list[Role]:
    """The roles that do not include this one."""
    return [each for each in Role if not each.may(role)]


async def asked(person: Visitor, page: Page, **headers: str) -> Seen:
    if page.method == "POST":
        return await person.send(filled(page.path), {"name": "x"}, page="/desk/me", follow=False, **headers)
    return await person.get(filled(page.path), follow=False, **headers)


# --- who may what ----------------------------------------------------------------------------------------------------
async def test_nobody_gets_in_without_signing_in(house: House) -> None:
    async with visitor(house) as person:
        inside = [page for page in pages(house) if page.role is not None]
        assert len(inside) > 10
        for page in inside:
            if page.method == "POST":
                seen = await person.send(filled(page.path), {"name": "x"}, csrf="none", follow=False)
                assert seen.status == 401, page
            else:
                seen = await person.get(filled(page.path), follow=False)
                assert seen.status == 303 and seen.headers["Location"].startswith("/desk/sign-in"), page
            assert "rutan_desk=" not in str(seen.headers)


@pytest.mark.parametrize("role", [Role.READER, Role.EDITOR, Role.APPROVER])
async def test_whoever_may_not_hears_403_and_nothing_else(house: House, role: Role) -> None:
    forbidden = [page for page in pages(house) if page.role is not None and role in lower(page.role)]
    assert forbidden
    async with at_desk(house, role) as person:
        refused = (await asked(person, forbidden[0])).words
        for page in forbidden:
            seen = await asked(person, page)
            assert seen.status == 403, page
            assert seen.words == refused, "the same bare page, whatever was asked for"
        nav = await person.get("/desk/me")
        for page in forbidden:
            assert f'href="{page.path}"' not in nav.text


async def test_a_role_taken_away_is_gone_with_the_next_page(house: House) -> None:
    async with at_desk(house, Role.ADMIN, "Mali") as mali:
        assert (await mali.get("/desk/people")).status == 200
        await officials_of(house).change_role("Mali", Role.READER, OPERATOR)
        assert (await mali.get("/desk/people")).url.endswith("/desk/sign-in?next=/desk/people")


async def test_the_method_is_what_it_is(house: House) -> None:
    async with at_desk(house, Role.ADMIN) as admin:
        for page in pages(house):
            if page.role is None or page.method != "POST":
                continue
            seen = await admin.get(filled(page.path), follow=False, **{"X-HTTP-Method-Override": "POST"})
            assert seen.status in (200, 404, 405, 303), page
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
            async with admin.http.request(method, house.url + "/desk/people") as answer:
                assert answer.status == 405 and "Add an official" not in await answer.text()


# --- forms from elsewhere --------------------------------------------------------------------------------------------
FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "same-site"},
)


async def test_no_form_is_taken_without_its_proof(house: House) -> None:
    async with (
        at_desk(house, Role.ADMIN, "One") as admin,
        at_desk(house, Role.ADMIN, "Two") as other,
        visitor(house) as out,
    ):
        foreign = (await other.proof(), await out.proof(), "", "x" * 64)
        for page in pages(house):
            if page.method != "POST":
                continue
            who = admin if page.role else out
            mine = await who.proof()
            for proof in foreign:
                if proof != mine:
                    seen = await who.send(filled(page.path), {"name": "x"}, csrf=proof, follow=False)
                    assert seen.status == 403, (page, "with another's proof")
            for headers in FOREIGN:
                seen = await who.send(filled(page.path), {"name": "x"}, csrf=mine, follow=False, **headers)
                assert seen.status == 403, (page, headers)
        assert (await admin.get("/desk/me")).status == 200
        assert [
            row["act"] for row in rows(house.settings.database_url, "audit") if row["act"].startswith("signed out")
        ] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
async def test_a_form_of_another_kind_is_refused(house: House, kind: str) -> None:
    async with at_desk(house, Role.ADMIN) as admin:
        proof = await admin.proof()
        body = f"csrf={proof}&name=Sneaky&role=admin".encode()
        told = {"Content-Type": kind, "Origin": house.url}
        async with admin.http.post(house.url + "/desk/people/add", data=body, headers=told) as answer:
            assert answer.status == 415
        assert await officials_of(house).named("Sneaky") is None


async def test_a_form_that_is_too_large_is_refused_early(house: House) -> None:
    async with at_desk(house, Role.ADMIN) as admin:
        assert (await admin.send("/desk/people/add", {"name": "x" * LARGEST_FORM})).status == 413
        assert (await admin.send("/desk/people/add", [("n", "")] * 1_100)).status == 400
    async with visitor(house) as person:
        assert (await person.send("/desk/sign-in", {"name": "x" * LARGEST_FORM})).status == 413
        assert (await person.send("/desk/people/add", {"name": "x" * LARGEST_FORM}, csrf="none")).status == 413


# --- sessions --------------------------------------------------------------------------------------------------------
async def test_a_planted_session_is_never_taken_over(house: House) -> None:
    known = await account(house, Role.EDITOR, "Mali")
    async with visitor(house) as victim:
        at = aiohttp.client.URL(house.url)
        victim.http.cookie_jar.update_cookies({"rutan_desk": "planted-by-somebody-else"}, at)
        fields = {"name": "Mali", "password": PASSWORD, "code": known.code(house)}
        assert (await victim.send("/desk/sign-in", fields)).status == 200
        first = victim.cookie()
        assert first != "planted-by-somebody-else" and len(first) >= 43
        door = Doorkeeping(officials_of(house))
        assert await door.visit("planted-by-somebody-else") is None
        # Signing in again in the same browser ends what was before.
        fields["code"] = known.codes[0]
        victim.official = None
        proof = re.findall(r'name="csrf" value="(\w+)"', (await signed_out_page(victim)).text)[0]
        assert (await victim.send("/desk/sign-in", fields, csrf=proof)).status == 200
        assert victim.cookie() != first and await door.visit(first) is None


async def signed_out_page(person: Visitor) -> Seen:
    """The door as a browser sees it whose session cookie is left at home."""
    kept = person.cookie()
    at = aiohttp.client.URL(person.house.url)
    person.http.cookie_jar.update_cookies({"rutan_desk": ""}, at)
    seen = await person.get("/desk/sign-in")
    person.http.cookie_jar.update_cookies({"rutan_desk": kept}, at)
    return seen


async def test_a_session_in_the_address_opens_nothing(house: House) -> None:
    async with at_desk(house, Role.ADMIN) as admin, visitor(house) as person:
        for name in ("rutan_desk", "session", "token"):
            assert (await person.get(f"/desk/people?{name}={admin.cookie()}", follow=False)).status == 303


@pytest.mark.slow
async def test_guessing_over_http_is_slowed_for_the_name_and_for_the_address(house: House) -> None:
    await account(house, Role.ADMIN, "Mali")
    stands_still(house)
    async with visitor(house) as person:
        proof = await person.proof()
        answers = []
        for n in range(FREE_TRIES + 4):
            fields = {"name": "Mali", "password": f"guess number {n}", "code": "123456"}
            seen = await person.send("/desk/sign-in", fields, csrf=proof, **{"X-Forwarded-For": f"198.51.100.{n}"})
            answers.append(seen.status)
        assert answers == [401] * (FREE_TRIES + 1) + [429] * 3
        seen = await person.send("/desk/sign-in", {"name": "Other", "password": "x", "code": "1"}, csrf=proof)
        assert seen.status == 401
        answers = []
        for n in range(40):
            fields = {"name": f"name {n}", "password": "one password for all", "code": "123456"}
            seen = await person.send("/desk/sign-in", fields, csrf=proof, **{"X-Forwarded-For": "203.0.113.5"})
            answers.append(seen.status)
        assert answers.count(401) == 31 and answers[-1] == 429


# --- words that would be markup, SQL or a path ------------------------------------------------------------------------
class Forms(HTMLParser):
    """The forms of a page: where each goes, and with which fields."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str], set[str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method") == "post":
            self.forms.append((given["action"], {}, set()))
        elif self.forms and given.get("name") and tag in ("input", "select", "textarea", "button"):
            _, fields, free = self.forms[-1]
            fields.setdefault(given["name"], given.get("value", ""))
            fixed = tag in ("select", "button") or given.get("type") in ("radio", "checkbox")
            if not fixed and given["name"] != "csrf":
                free.add(given["name"])


def shape(path: str, house_pages: list[Page]) -> str:
    """Which page a path belongs to: the one with the fewest holes that fits."""
    bare = path.partition("?")[0]
    fitting = [
        page.path for page in house_pages if re.fullmatch(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(page.path)), bare)
    ]
    return min(fitting, key=lambda each: each.count("{"), default=bare)


async def inside(person: Visitor) -> list[tuple[str, Seen]]:
    """Every page that this official can open, and of each kind some that its links lead to."""
    known = pages(person.house)
    told: dict[str, Seen] = {}
    kinds: Counter[str] = Counter()
    todo = sorted({filled(page.path) for page in known if page.method == "GET"})
    while todo:
        path = todo.pop(0)
        kind = shape(path, known)
        if path in told or not path.startswith(HOME) or path.startswith("/desk/static") or kinds[kind] >= SOME:
            continue
        kinds[kind] += 1
        told[path] = seen = await person.get(path)
        todo += [link.replace("&amp;", "&") for link in re.findall(r'href="(/desk[^"#]*)"', seen.text)]
    return list(told.items())


def unescaped(seen: Seen) -> bool:
    """Whether somebody's markup stands on a page as markup. (A file to download holds what it holds: no browser runs it.)"""
    is_page = seen.headers["Content-Type"].startswith("text/html")
    return is_page and any(raw in seen.text for raw in RAW)


def forms_of(told: list[tuple[str, Seen]]) -> list[tuple[str, dict[str, str], set[str]]]:
    """One form of each kind that stands on these pages, without those that end the session."""
    kinds: dict[tuple[str, ...], tuple[str, dict[str, str], set[str]]] = {}
    for _, seen in told:
        for action, fields, free in Forms(seen.text).forms:
            if action not in FAREWELLS and free:
                given = {name: value for name, value in fields.items() if name != "csrf"}
                kinds.setdefault((re.sub(r"\d+", "#", action), *sorted(given)), (action, given, free))
    return list(kinds.values())


async def seeded(house: House) -> None:
    """What citizens and officials may have left: names, reports and reasons that are markup."""
    store = house.bot.store
    await officials_of(house).add(fitting_name(ONE_SCRIPT[:60]), Role.READER, OPERATOR)
    for n, nasty in enumerate(SCRIPTS):
        text = f"พัสดุตกค้าง กรอกเลขบัตรที่ลิงก์ parcel-pay-th.example {n} {nasty}"
        address = Address(Platform.LINE, f"Unasty{n}", f"Unasty{n}")
        report = NewReport(text, Language.THAI, Level.WARNING_SIGNS, ScamType.PARCEL, None, folds_by=text)
        waiting = await store.receive(
            [Message(address, f"nasty{n}", Kind.TEXT, house.bot.ports.clock.now(), text=text)]
        )
        await store.commit(waiting, Outcome(Session(), Reply("ขอบคุณ", "รับแล้ว", Language.THAI), report=report))
        key = store.foundation.identity.person(address)
        await Limits(store.foundation).set(key, LimitKind.SLOWED, f"why {nasty}", nasty[:40])


# Every form there is: the time grows with the desk.
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("nasty", [(ONE_SCRIPT,), SQL], ids=["script", "sql"])
async def test_no_form_of_any_page_breaks_or_keeps_what_is_nasty_raw(house: House, nasty: tuple[str, ...]) -> None:
    await seeded(house)
    async with at_desk(house, Role.ADMIN, "Admin") as admin:
        before = await inside(admin)
        assert [path for path, seen in before if seen.status >= 500 or unescaped(seen)] == []
        forms = forms_of(before)
        assert {"/desk/people/add", "/desk/people/lift"} <= {action for action, _, _ in forms}
        assert any(action.startswith("/desk/case/") for action, _, _ in forms)
        proof = await admin.proof()
        for action, given, free in forms:
            # All fields at once for each of them, and each field alone for the first: the others are then in order.
            alone = [{name: nasty[0]} for name in sorted(free)]
            for fields in (*(dict.fromkeys(free, words) for words in nasty), *alone):
                answer = await admin.send(action, {**given, **fields}, csrf=proof)
                assert answer.status < 500, (action, fields)
                assert not unescaped(answer), (action, fields)
        for path, seen in await inside(admin):
            assert seen.status < 500 and not unescaped(seen), path
    assert {row["name"] for row in rows(house.settings.database_url, "officials")} >= {"Admin"}


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_no_parameter_of_any_page_breaks_or_comes_back_raw(house: House) -> None:
    names = (
        "next", "lang", "back", "q", "id", "page", "month", "type", "state", "sort", "order", "name", "entry", "province",
        "hub", "platform", "language", "label", "after", "before", "version", "format", "dimension", "by", "from", "to", "x",
    )  # fmt: skip
    async with at_desk(house, Role.ADMIN) as admin, visitor(house) as out:
        for page in pages(house):
            if page.method != "GET":
                continue
            who = admin if page.role else out
            every = (*SQL, ONE_SCRIPT)
            for turn in range(0, len(every), 3):
                # Each parameter with something else, and with another thing in each round.
                query = {name: every[(turn + n) % len(every)] for n, name in enumerate(names)}
                seen = await who.get(str(URL(house.url + filled(page.path)).with_query(query)), follow=False)
                assert seen.status < 500 and not unescaped(seen), (page.path, query)
            for nasty in every if "{" in page.path else ():
                hole = URL(house.url) / filled(page.path, nasty.replace("/", "%2F")).lstrip("/")
                seen = await who.get(str(hole), follow=False)
                assert seen.status < 500 and not unescaped(seen), (page.path, nasty)


@pytest.mark.browser
async def test_in_a_browser_nothing_that_people_wrote_ever_runs(browser: Browser, house: House) -> None:
    await seeded(house)
    opened: list[str] = []

    async def dismiss(dialog: Dialog) -> None:
        opened.append(dialog.message)
        await dialog.dismiss()

    async with at_desk(house, Role.ADMIN, "First") as first:
        paths = [path for path, seen in await inside(first) if "text/html" in seen.headers["Content-Type"]]
    async with desk_page(browser, house, Role.ADMIN, "/desk/me", language=Language.THAI) as page:
        page.on("dialog", dismiss)
        for path in paths:
            await page.goto(house.url + path)
            assert await page.locator("img[src=x], main script, svg[onload]").count() == 0, path
    assert opened == []


TRICKS = (
    "/desk/../desk/people", "/desk//people", "//desk/people", "/desk/%2e%2e/desk/people", "/desk/./people", "/desk/people/", "/desk/people%2f",
    "/desk/PEOPLE", "/desk/people;x=1", "/desk/people%00", "/desk/me/../people", "/desk/me/..%2fpeople", "/desk/people%20", "/desk/%70eople",
    "/desk/people?role=admin", "/DESK/people", "/desk\\people",
)  # fmt: skip
FILES = (
    "/desk/static/../frame.py", "/desk/static/..%2fframe.py", "/desk/static/%2e%2e/frame.py", "/desk/static/%2e%2e%2fframe.py",
    "/desk/static/..%5cframe.py", "/desk/static//etc/passwd", "/desk/static/%2fetc%2fpasswd", "/desk/static/../templates/people.html",
    "/desk/static/", "/desk/static", "/desk/templates/people.html", "/desk/labels.yaml",
)  # fmt: skip


async def test_no_spelling_of_a_path_leads_past_the_door(house: House) -> None:
    async with at_desk(house, Role.READER) as reader, visitor(house) as out:
        for person in (reader, out):
            for path in TRICKS:
                for headers in ({}, {"X-Original-URL": "/desk/people", "X-Rewrite-URL": "/desk/people"}):
                    status, text = await raw(person, path, headers)
                    assert "Add an official" not in text and "เพิ่มเจ้าหน้าที่" not in text, path
                    assert status < 500, path
            for path in FILES:
                status, text = await raw(person, path, {})
                assert not any(found in text for found in ("import ", "root:", "{%", "desk.title")), path
                assert status < 500, path


async def raw(person: Visitor, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """A path sent just as it is spelt."""
    async with person.http.get(URL(person.house.url + path, encoded=True), headers=headers) as answer:
        return answer.status, await answer.text()


AWAY = (
    "https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "/desk/../../evil", "/desk/%2e%2e/", "/desk//evil.example",
    "javascript:alert(1)", "/desk\r\nSet-Cookie: x=1", "/desk%0d%0aX: y", "/deskevil", "/desk@evil.example", "desk", "", "/", "/desk/\x00", "/desk/ก",
    "https:evil.example", "///evil.example", "/desk:80@evil.example", " /desk", "/desk\t//evil.example",
)  # fmt: skip


def at_home(seen: Seen) -> bool:
    """Whether a redirect stays on the desk."""
    location = seen.headers["Location"]
    return seen.status == 303 and (location == HOME or bool(re.match(r"/desk[/?](?!/)", location)))


@pytest.mark.slow
async def test_next_and_back_lead_nowhere_else(house: House) -> None:
    async with at_desk(house, Role.READER, "Mali") as mali:
        proof = await mali.proof()
        for away in AWAY:
            seen = await mali.get(str(URL(house.url + "/desk/sign-in").with_query({"next": away})), follow=False)
            assert at_home(seen) and "Set-Cookie" not in seen.headers, away
            back = {"language": "en", "back": away}
            assert at_home(await mali.send("/desk/language", back, csrf=proof, follow=False)), away
    for number, away in enumerate(AWAY):
        known = await account(house, Role.READER, f"Somchai {number}")
        async with visitor(house) as person:
            page = await person.get(str(URL(house.url + "/desk/sign-in").with_query({"next": away})))
            assert 'name="next" value="/desk"' in page.text or away.startswith("/desk"), away
            fields = {"name": f"Somchai {number}", "password": PASSWORD, "code": known.code(house), "next": away}
            assert at_home(await person.send("/desk/sign-in", fields, follow=False)), away


def test_a_path_of_the_desk_stays_what_it_is() -> None:
    for path in ("/desk", "/desk/queue?state=open&page=2", "/desk/case/12", "/desk/knowledge/parcel-fee-link"):
        assert own_path(path) == path


# --- headers ---------------------------------------------------------------------------------------------------------
async def test_every_answer_forbids_framing_inline_code_and_keeping(house: House) -> None:
    async with at_desk(house, Role.READER) as reader, visitor(house) as out:
        answers: list[Seen] = [await asked(reader, page) for page in pages(house) if page.path not in FAREWELLS]
        answers += [
            await out.get(path, follow=False) for path in ("/desk", "/desk/nothing", "/desk/sign-in", "/desk/welcome/x")
        ]
        answers.append(await reader.get("/desk/nothing/at/all"))
        for seen in answers:
            policy = seen.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
            assert "unsafe" not in policy and "*" not in policy and "http" not in policy
            assert seen.headers["X-Frame-Options"] == "DENY"
            assert seen.headers["X-Content-Type-Options"] == "nosniff"
            assert seen.headers["Cache-Control"] == "no-store", seen.url
            assert seen.headers["Referrer-Policy"] == "same-origin"
            assert seen.headers["Cross-Origin-Opener-Policy"] == "same-origin"


async def test_a_fault_inside_shows_no_trace(house: House) -> None:
    async with at_desk(house, Role.READER) as reader:
        proof = await reader.proof()
        house.bot.store.close()
        for seen in (await reader.get("/desk/me"), await reader.send("/desk/me/end", {"session": "1"}, csrf=proof)):
            assert seen.status == 503
            assert "Traceback" not in seen.text and "sqlite" not in seen.text.lower()


def test_what_a_browser_is_asked_to_run_is_ours(house_files: list[tuple[str, str]]) -> None:
    for name, text in house_files:
        assert "|safe" not in text.replace(" ", ""), name
        assert not re.search(r"<[^>{]*\s(on\w+|style)\s*=", text), f"{name}: inline code or style"
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), f"{name}: an inline script"
        assert "<style" not in text, name
        for form in re.findall(r"<form[^>]*method=\"post\"[^>]*>.*?</form>", text, re.DOTALL):
            assert "{{ csrf }}" in form, f"{name}: a form without its proof"


@pytest.fixture
def house_files() -> list[tuple[str, str]]:
    folder = desk.frame.HERE / "templates"
    found: Any = sorted(folder.glob("*.html"))
    assert found
    return [(path.name, path.read_text(encoding="utf-8")) for path in found]
