"""The door of the desk: invited, let in, slowed, sent out. Times by a clock that stands still; pages over real HTTP and in
a real browser."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from browsing import faults
from conftest import House, house_of
from desk_cast import (
    CHEAP,
    DESKTOP,
    PASSWORD,
    PHONE,
    WIDER,
    account,
    app_code,
    at_desk,
    desk_page,
    officials_of,
    stands_still,
    visitor,
)
from playwright.async_api import Browser, Page, expect
from store_cast import SECRET, StandingClock, rows

from bot import credentials
from bot.credentials import Passwords, Weak, weakness
from bot.store import SqlStore, audit
from bot.store.audit import OPERATOR
from bot.store.doorkeeping import (
    FREE_TRIES,
    FREE_TRIES_OF_ADDRESS,
    LONGEST_WAIT,
    MOST_AT_THE_DOOR,
    Crowded,
    Doorkeeping,
    Entry,
    NotSignedIn,
    Slowed,
    Try,
    waiting,
)
from bot.store.officials import NotDone, Officials, Why, fitting_name
from bot.store.resealing import reseal
from content.models import Language
from handlers.officials import Official, Role


# --- a door of its own, with a clock that stands still ---------------------------------------------------------------
@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def store(url: str, clock: StandingClock) -> Iterator[SqlStore]:
    opened = SqlStore.open(url, [SECRET], clock)
    yield opened
    opened.close()


@pytest.fixture
def officials(store: SqlStore) -> Officials:
    return Officials(store.foundation, Passwords(CHEAP))


@pytest.fixture
def door(officials: Officials) -> Doorkeeping:
    return Doorkeeping(officials)


class Somebody:
    """An official with a password and an app, and a clock to read codes by."""

    def __init__(self, official: Official, secret: str, codes: tuple[str, ...], clock: StandingClock) -> None:
        self.official, self.secret, self.codes, self._clock = official, secret, codes, clock

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).generate_otp(int(self._clock.now().timestamp()) // 30 + steps)

    def tries(self, **other: str) -> Try:
        given = {"name": self.official.name, "password": PASSWORD, "code": self.code(), "address": "192.0.2.1"}
        return Try(**(given | other))


async def somebody(
    officials: Officials, clock: StandingClock, name: str = "Mali", role: Role = Role.EDITOR
) -> Somebody:
    invitation = await officials.add(name, role, OPERATOR)
    await officials.choose(invitation.token, PASSWORD)
    welcomed = await officials.welcomed(invitation.token)
    assert welcomed is not None
    code = pyotp.TOTP(welcomed.secret).generate_otp(int(clock.now().timestamp()) // 30)
    official, codes = await officials.finish(invitation.token, code)
    clock.on(seconds=60)
    return Somebody(official, welcomed.secret, codes, clock)


def acts(url: str) -> list[tuple[object, object, object]]:
    return [(row["actor"], row["act"], row["subject"]) for row in rows(url, "audit")]


async def test_a_link_leads_to_a_password_an_app_and_codes_and_then_is_over(officials, door, clock, url):
    invitation = await officials.add("  Mali   ใจดี ", Role.EDITOR, OPERATOR)
    assert invitation.official.name == "Mali ใจดี"
    with pytest.raises(NotSignedIn):
        await door.sign_in(Try("Mali ใจดี", "", "", "192.0.2.1"))
    with pytest.raises(NotDone) as refused:
        await officials.finish(invitation.token, "000000")
    assert refused.value.why is Why.LINK_OVER, "no app before a password"
    await officials.choose(invitation.token, PASSWORD)
    welcomed = await officials.welcomed(invitation.token)
    assert welcomed is not None and welcomed.chosen
    with pytest.raises(NotDone) as refused:
        await officials.finish(invitation.token, "12345")
    assert refused.value.why is Why.CODE_WRONG
    with pytest.raises(NotSignedIn):
        await door.sign_in(Try("Mali ใจดี", PASSWORD, "", "192.0.2.1")), "half a link opens nothing"
    code = pyotp.TOTP(welcomed.secret).generate_otp(int(clock.now().timestamp()) // 30)
    official, codes = await officials.finish(invitation.token, code)
    assert len(set(codes)) == 10 and all(re.fullmatch(r"([2-9a-z]{4}-){2}[2-9a-z]{4}", each) for each in codes)
    assert await officials.welcomed(invitation.token) is None
    assert (audit.official("Mali ใจดี"), "password and second factor set", audit.official("Mali ใจดี")) in acts(url)
    assert await officials.named("MALI ใจดี") == official


async def test_what_lies_in_the_database_opens_nothing(officials, door, clock, url):
    known = await somebody(officials, clock)
    entry = await door.sign_in(known.tries())
    invitation = await officials.add("Somchai", Role.READER, OPERATOR)
    tables = ("officials", "official_codes", "official_links", "desk_sessions", "desk_tries", "audit", "meta")
    kept = "".join(str(rows(url, table)) for table in tables).encode()
    if url.startswith("sqlite"):
        kept += b"".join(file.read_bytes() for file in Path(url.removeprefix("sqlite:///")).parent.glob("rutan.db*"))
    for secret in (
        PASSWORD,
        known.secret,
        entry.token,
        invitation.token,
        *known.codes,
        known.codes[0].replace("-", ""),
    ):
        assert secret.encode() not in kept
    assert known.secret not in repr(await officials.welcomed(invitation.token)) and PASSWORD not in repr(known.tries())
    assert entry.token not in repr(entry)


async def test_a_link_is_over_after_72_hours_and_when_a_newer_one_is_made(officials, clock):
    first = await officials.add("Mali", Role.READER, OPERATOR)
    clock.on(hours=71, minutes=59)
    assert await officials.welcomed(first.token) is not None
    second = await officials.reset("mali", OPERATOR)
    assert await officials.welcomed(first.token) is None
    clock.on(hours=72)
    assert await officials.welcomed(second.token) is None
    with pytest.raises(NotDone):
        await officials.choose(second.token, PASSWORD)


@pytest.mark.parametrize(
    ("password", "weak"),
    [
        ("short", Weak.SHORT),
        ("elevenchars", Weak.SHORT),
        ("x" * 201, Weak.LONG),
        ("aaaabbbbaaaabbbb", Weak.SIMPLE),
        ("I am Mali Jaidee!", Weak.NAMED),
        ("correct horse battery", None),
        ("แมวสามตัวบนหลังคา", None),
    ],
)
def test_a_password_is_long_and_not_the_name(password: str, weak: Weak | None) -> None:
    assert weakness(password, "Mali Jaidee") is weak


@pytest.mark.parametrize("name", ["", "x", "x" * 61, "a\x00b", "a\u202eb", "tab\x1b[0m"])
def test_a_name_that_nobody_could_read_is_refused(name: str) -> None:
    with pytest.raises(NotDone):
        fitting_name(name)


async def test_nobody_has_the_same_name_in_other_letters(officials):
    await officials.add("Mali", Role.READER, OPERATOR)
    for same in ("mali", " MALI ", "Ｍａｌｉ"):
        with pytest.raises(NotDone) as refused:
            await officials.add(same, Role.ADMIN, OPERATOR)
        assert refused.value.why is Why.NAME_TAKEN


async def test_a_code_is_taken_once_even_by_two_at_the_same_moment(officials, door, clock):
    known = await somebody(officials, clock)
    results = await asyncio.gather(*(door.sign_in(known.tries()) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(each, Entry) for each in results) == 1
    assert sum(isinstance(each, NotSignedIn) for each in results) == 3
    with pytest.raises(NotSignedIn):
        await door.sign_in(known.tries(code=known.code(-1)))
    clock.on(seconds=30)
    assert (await door.sign_in(known.tries())).official == known.official


async def test_a_clock_that_is_half_a_minute_wrong_still_opens_and_thai_digits_count(officials, door, clock):
    known = await somebody(officials, clock)
    thai = known.code(-1).translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙"))
    await door.sign_in(known.tries(code=f" {thai[:3]} {thai[3:]} "))
    with pytest.raises(NotSignedIn):
        await door.sign_in(known.tries(code=known.code(3)))
    await door.sign_in(known.tries(code=known.code(1)))


async def test_a_recovery_code_opens_once_and_says_how_many_are_left(officials, door, clock):
    known = await somebody(officials, clock)
    entry = await door.sign_in(known.tries(code=known.codes[0].upper().replace("-", " ")))
    assert entry.codes_left == 9
    with pytest.raises(NotSignedIn):
        await door.sign_in(known.tries(code=known.codes[0]))
    other = await somebody(officials, clock, "Somchai")
    with pytest.raises(NotSignedIn):
        await door.sign_in(other.tries(code=known.codes[1])), "somebody else's code"


async def test_a_wrong_password_uses_up_no_code(officials, door, clock):
    known = await somebody(officials, clock)
    for code in (known.code(), known.codes[0]):
        with pytest.raises(NotSignedIn):
            await door.sign_in(known.tries(password="wrong wrong wrong", code=code))
    assert (await door.sign_in(known.tries(code=known.codes[0]))).codes_left == 9
    await door.sign_in(known.tries())


def test_the_wait_doubles_and_never_passes_a_quarter_of_an_hour() -> None:
    waits = [waiting(over).total_seconds() for over in (-3, 0, 1, 2, 3, 8, 9, 10_000)]
    assert waits == [0, 0, 5, 10, 20, 640, 900, 900]


async def test_wrong_tries_slow_an_account_and_never_shut_it(officials, door, clock, url):
    known = await somebody(officials, clock)
    for _ in range(FREE_TRIES + 1):
        with pytest.raises(NotSignedIn):
            await door.sign_in(known.tries(password="wrong wrong wrong"))
    with pytest.raises(Slowed) as slowed:
        await door.sign_in(known.tries())
    assert slowed.value.seconds == 5
    for _ in range(40):
        clock.on(seconds=LONGEST_WAIT.total_seconds() + 1)
        with pytest.raises(NotSignedIn):
            await door.sign_in(known.tries(password="wrong wrong wrong", address=str(clock.now())))
    clock.on(seconds=LONGEST_WAIT.total_seconds() + 1)
    assert (await door.sign_in(known.tries())).official == known.official
    with pytest.raises(NotSignedIn):
        await door.sign_in(known.tries(password="wrong wrong wrong")), "a clean sheet, no wait"
    assert ("house", "sign-in slowed", "desk") in acts(url)


async def test_an_official_gets_in_from_their_own_browser_while_somebody_guesses(officials, door, clock):
    known = await somebody(officials, clock)
    for n in range(FREE_TRIES + 1):
        with pytest.raises(NotSignedIn):
            await door.sign_in(known.tries(password="wrong wrong wrong", address=f"192.0.2.{n}"))
    with pytest.raises(Slowed):
        await door.sign_in(known.tries(address="198.51.100.7"))
    await door.sign_in(known.tries(address="198.51.100.7", known_browser="Mali"))


async def test_one_address_that_guesses_many_names_is_slowed(officials, door, clock):
    for n in range(FREE_TRIES_OF_ADDRESS + 1):
        with pytest.raises(NotSignedIn):
            await door.sign_in(Try(f"name {n}", "wrong wrong wrong", "123456", "192.0.2.9"))
    with pytest.raises(Slowed):
        await door.sign_in(Try("another", "wrong wrong wrong", "123456", "192.0.2.9"))
    known = await somebody(officials, clock)
    await door.sign_in(known.tries(address="192.0.2.10"))


async def test_a_hundred_at_once_are_not_all_the_first(officials, door, clock):
    known = await somebody(officials, clock)
    tries = (door.sign_in(known.tries(password="wrong wrong wrong")) for _ in range(100))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, NotSignedIn) for each in results) == FREE_TRIES + 1
    assert sum(isinstance(each, Slowed) for each in results) == 100 - FREE_TRIES - 1


async def test_a_crowd_at_the_door_waits_outside(officials, door, clock):
    known = await somebody(officials, clock)
    crowd = (
        door.sign_in(Try(f"name {n}", "guess guess guess", "1", f"192.0.2.{n}")) for n in range(MOST_AT_THE_DOOR + 30)
    )
    results = await asyncio.gather(*crowd, return_exceptions=True)
    assert sum(isinstance(each, Crowded) for each in results) == 30
    assert sum(type(each) is NotSignedIn for each in results) == MOST_AT_THE_DOOR
    await door.sign_in(known.tries())


async def test_what_is_written_down_of_a_failed_try_is_no_word_of_it(officials, door, clock, url):
    known = await somebody(officials, clock)
    for tried in (
        known.tries(password="hunter2 hunter2"),
        known.tries(code="424242"),
        known.tries(name="my secret word"),
    ):
        with pytest.raises(NotSignedIn):
            await door.sign_in(tried)
    failed = [(row["subject"], row["detail"]) for row in rows(url, "audit") if row["act"] == "sign-in failed"]
    assert failed == [
        (audit.official("Mali"), '{"why": "password"}'),
        (audit.official("Mali"), '{"why": "code"}'),
        ("desk", '{"why": "nobody"}'),
    ]
    assert "hunter2" not in str(rows(url, "audit")) and "secret word" not in str(rows(url, "desk_tries"))


@pytest.mark.slow
async def test_an_unknown_name_takes_as_long_as_a_known_one(store, clock):
    # With real hashes: the difference that would tell is the hash's own time.
    officials = Officials(store.foundation)
    door = Doorkeeping(officials)
    known = await somebody(officials, clock)

    async def seconds(name: str) -> float:
        began = time.perf_counter()
        with pytest.raises(NotSignedIn):
            await door.sign_in(known.tries(name=name, password="wrong wrong wrong", address=name))
        return time.perf_counter() - began

    await seconds("warm up")
    # The quickest of some, by turns: whatever else the machine does only adds, and to both.
    unknown, there = zip(*[(await seconds(f"nobody {n}"), await seconds("Mali")) for n in range(5)], strict=True)
    assert 0.5 < min(unknown) / min(there) < 2


async def test_a_hash_of_older_rules_is_made_anew_when_it_is_next_used(store, officials, clock, url):
    known = await somebody(officials, clock)
    (before,) = rows(url, "officials")
    await Doorkeeping(Officials(store.foundation)).sign_in(known.tries())
    (after,) = rows(url, "officials")
    assert "m=8," in str(before["password"]) and "m=65536," in str(after["password"])
    clock.on(seconds=30)
    await Doorkeeping(Officials(store.foundation)).sign_in(known.tries())


async def test_a_session_ends_after_half_an_hour_without_use_and_after_twelve_hours(officials, door, clock):
    known = await somebody(officials, clock)
    idle = await door.sign_in(known.tries())
    clock.on(minutes=29)
    used = await door.sign_in(known.tries())
    clock.on(minutes=2)
    assert await door.visit(idle.token) is None
    for _ in range(11 * 3):
        assert await door.visit(used.token) is not None
        clock.on(minutes=20)
    for more in (0, 20, 20, 15):
        clock.on(minutes=more)
        assert await door.visit(used.token) is not None
    clock.on(minutes=4)
    assert await door.visit(used.token) is None, "twelve hours"
    assert await door.visit("nonsense") is None


async def test_a_changed_role_a_reset_and_a_shut_account_end_sessions_at_once(officials, door, clock, url):
    known = await somebody(officials, clock)
    by = audit.official("Admin")
    for change in (
        lambda: officials.change_role("Mali", Role.READER, by),
        lambda: officials.disable("Mali", by),
        lambda: officials.enable("Mali", by),
    ):
        await change()
        assert rows(url, "desk_sessions") == []
        if change.__code__.co_names[-1] != "disable":
            clock.on(seconds=30)
            entry = await door.sign_in(known.tries())
            assert await door.visit(entry.token) is not None
    await officials.disable("Mali", by)
    assert await door.visit(entry.token) is None
    clock.on(seconds=30)
    with pytest.raises(NotSignedIn):
        await door.sign_in(known.tries())
    assert await officials.named("Mali") is None
    with pytest.raises(NotDone) as refused:
        await officials.reset("Mali", by)
    assert refused.value.why is Why.SHUT
    await officials.enable("Mali", by)
    await officials.reset("Mali", by)
    with pytest.raises(NotSignedIn):
        await door.sign_in(known.tries())
    assert [act for actor, act, _ in acts(url) if actor == by] == [
        "official's role changed",
        "official disabled",
        "official enabled",
        "official disabled",
        "official enabled",
        "official reset",
    ]


async def test_nobody_shuts_out_themselves(officials, clock):
    await somebody(officials, clock, "Admin", Role.ADMIN)
    me = audit.official("Admin")
    for change in (
        officials.change_role("ADMIN", Role.READER, me),
        officials.disable("Admin", me),
        officials.reset("Admin", me),
    ):
        with pytest.raises(NotDone) as refused:
            await change
        assert refused.value.why is Why.OWN_ACCOUNT


async def test_a_new_secret_key_takes_the_second_factors_over(officials, clock, url, store):
    known = await somebody(officials, clock)
    both = SqlStore.open(url, ["a newer secret", SECRET], clock)
    await reseal(both.foundation)
    both.close()
    new = SqlStore.open(url, ["a newer secret"], clock)
    try:
        await Doorkeeping(Officials(new.foundation, Passwords(CHEAP))).sign_in(known.tries())
    finally:
        new.close()


async def test_every_act_at_the_door_stands_in_an_unbroken_log(officials, door, clock, store, url):
    known = await somebody(officials, clock)
    entry = await door.sign_in(known.tries())
    visit = await door.visit(entry.token)
    assert visit is not None
    await door.sign_out(known.official, visit.session)
    await door.sign_out(known.official, visit.session)
    clock.on(seconds=30)
    await door.sign_in(known.tries())
    await door.sign_out_everywhere(known.official)
    told = [act for _, act, _ in acts(url)]
    assert told == [
        "official added",
        "password and second factor set",
        "signed in",
        "signed out",
        "signed in",
        "signed out everywhere",
    ]
    assert await store.foundation.database.read(audit.first_broken) is None


# --- over real HTTP --------------------------------------------------------------------------------------------------
async def test_from_the_link_to_the_desk_and_back_to_the_door(house: House) -> None:
    invitation = await officials_of(house).add("Mali", Role.EDITOR, OPERATOR)
    link = f"/desk/welcome/{invitation.token}"
    async with visitor(house) as mali:
        assert "สวัสดี Mali" in (await mali.get(link)).words
        differ = await mali.send(link, {"step": "password", "password": PASSWORD, "again": "other"}, page=link)
        assert differ.status == 422 and "ไม่เหมือนกัน" in differ.words and PASSWORD not in differ.text
        short = await mali.send(
            f"{link}?lang=en", {"step": "password", "password": "short", "again": "short"}, page=link
        )
        assert short.status == 422 and "too short" in short.words
        app = await mali.send(link, {"step": "password", "password": PASSWORD, "again": PASSWORD}, page=link)
        secret = re.findall(r'class="secret">([A-Z2-7 ]+)<', app.text)[0].replace(" ", "")
        picture = await mali.get(f"{link}/qr.svg")
        assert picture.headers["Content-Type"] == "image/svg+xml" and picture.text.startswith("<?xml")
        wrong = await mali.send(link, {"step": "code", "code": "12"}, page=link)
        assert wrong.status == 422 and secret in wrong.text.replace(" ", "")
        done = await mali.send(link, {"step": "code", "code": app_code(house, secret)}, page=link)
        codes = re.findall(r'class="secret">([2-9a-z-]+)<', done.text)
        assert len(codes) == 10
        desk = await mali.get("/desk")
        assert desk.status == 200 and "Mali" in desk.words
        assert (await mali.get(link)).status == 410 and (await mali.get(f"{link}/qr.svg")).status == 410
        out = await mali.send("/desk/sign-out", page="/desk/me")
        assert out.url.endswith("/desk/sign-in") and "ออกจากระบบแล้ว" in out.words
        assert (await mali.get("/desk")).url.endswith("/desk/sign-in")
        fields = {"name": "mali", "password": PASSWORD, "code": codes[0], "next": "/desk/me"}
        again = await mali.send("/desk/sign-in", fields)
        assert again.url.endswith("/desk/me") and "เหลืออีก 9 รหัส" in again.words
        assert "เหลืออีก" not in (await mali.get("/desk/me")).words


async def test_a_wrong_try_says_one_thing_whatever_was_wrong(house: House) -> None:
    known = await account(house, Role.READER, "Mali")
    said = set()
    async with visitor(house) as person:
        for name, password, code in (
            ("Mali", "wrong wrong wrong", known.code(house)),
            ("Mali", PASSWORD, "000000"),
            ("Nobody", PASSWORD, known.code(house)),
        ):
            seen = await person.send("/desk/sign-in", {"name": name, "password": password, "code": code})
            assert seen.status == 401 and password not in seen.text
            said.add(seen.words.replace(name, ""))
        assert len(said) == 1


async def test_too_many_tries_hear_how_long_to_wait_in_both_languages(house: House) -> None:
    stands_still(house)
    async with visitor(house) as person:
        fields = {"name": "Mali", "password": "wrong wrong wrong", "code": "1"}
        for _ in range(FREE_TRIES + 1):
            assert (await person.send("/desk/sign-in", fields)).status == 401
        thai, english = [await person.send(f"/desk/sign-in?lang={each}", fields) for each in ("th", "en")]
        assert thai.status == english.status == 429 and 0 < int(english.headers["Retry-After"]) <= 5
        assert "วินาที" in thai.words and "seconds" in english.words and "not shut" in english.words


async def test_the_cookies_are_for_this_site_alone_and_unreadable_for_scripts(house: House, tmp_path: Path) -> None:
    known = await account(house, Role.READER, "Mali")
    async with visitor(house) as person:
        fields = {"name": "Mali", "password": PASSWORD, "code": known.code(house)}
        seen = await person.send("/desk/sign-in", fields, follow=False)
        (session,) = [each for each in seen.headers.getall("Set-Cookie") if each.startswith("rutan_desk=")]  # type: ignore[attr-defined]
        assert "HttpOnly" in session and "SameSite=strict" in session and "Secure" not in session
        assert "Max-Age" not in session and "expires" not in session.lower()
    async with house_of(tmp_path / "s", public_url="https://rutan.example", telegram_mode="polling") as safe:
        known = await account(safe, Role.READER, "Mali")
        async with visitor(safe) as person:
            page = await person.get("/desk/sign-in")
            door = re.findall(r"rutan_desk_door=([\w-]+)", page.headers["Set-Cookie"])[0]
            assert "Secure" in page.headers["Set-Cookie"]
            assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
            proof = re.findall(r'name="csrf" value="(\w+)"', page.text)[0]
            told = {"Cookie": f"rutan_desk_door={door}", "Origin": "https://rutan.example"}
            fields = {"name": "Mali", "password": PASSWORD, "code": known.code(safe)}
            seen = await person.send("/desk/sign-in", fields, csrf=proof, follow=False, **told)
            (session,) = [each for each in seen.headers.getall("Set-Cookie") if "rutan_desk=" in each]  # type: ignore[attr-defined]
            assert session.startswith("__Host-rutan_desk=") and "Secure" in session and "Path=/;" in session


async def test_ones_own_sessions_are_seen_and_ended(house: House) -> None:
    known = await account(house, Role.READER, "Mali")
    door = Doorkeeping(officials_of(house))
    lost = (await door.begin(known.official, "Chrome · Android")).token
    async with visitor(house) as person:
        agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
        fields = {"name": "Mali", "password": PASSWORD, "code": known.code(house)}
        await person.send("/desk/sign-in", fields, **{"User-Agent": agent})
        person.official = known.official
        me = await person.get("/desk/me")
        assert "Chrome · Android" in me.words and "Firefox · Linux this one" in me.words
        ended = await person.send("/desk/me/end", {"session": re.findall(r'name="session" value="(\d+)"', me.text)[0]})
        assert "signed out" in ended.words and "Android" not in ended.words
        assert await door.visit(lost) is None
        other = (await door.begin(known.official, "")).token
        await person.send("/desk/sign-out-everywhere", page="/desk/me")
        assert await door.visit(other) is None and (await person.get("/desk")).url.endswith("/desk/sign-in")


async def test_the_language_is_chosen_at_the_door_and_kept_inside(house: House) -> None:
    async with visitor(house) as person:
        assert "Sign in" in (await person.get("/desk/sign-in?lang=en&next=/desk/me")).words
        assert "?next=%2Fdesk%2Fme&amp;lang=th" in (await person.get("/desk/sign-in?lang=en&next=/desk/me")).text
        assert "เข้าสู่ระบบ" in (await person.get("/desk/sign-in", **{"Accept-Language": "th"})).words
    async with at_desk(house, Role.READER) as reader:
        thai = await reader.send("/desk/language", {"language": "th", "back": "/desk/me"})
        assert thai.url.endswith("/desk/me") and "บัญชีของฉัน" in thai.words
        assert (await reader.send("/desk/language", {"language": "xx", "back": "/"})).status == 400


async def test_what_was_written_while_the_session_ended_is_not_lost(house: House) -> None:
    async with visitor(house) as person:
        remark = "สิ่งที่เขียนไว้นานครึ่งชั่วโมง <script>alert(1)</script>"
        seen = await person.send("/desk/me/end", {"remark": remark, "password": "x" * 30}, csrf="old")
        assert seen.status == 401 and "สิ่งที่เขียนไว้นาน" in seen.words
        assert "<script>alert" not in seen.text and "x" * 30 not in seen.text


async def test_an_admin_adds_changes_and_shuts_officials(house: House) -> None:
    async with at_desk(house, Role.ADMIN, "Admin") as admin:
        made = await admin.send("/desk/people/add", {"name": "Mali ใจดี", "role": "editor"}, page="/desk/people")
        token = re.findall(r"/desk/welcome/([\w-]{43})", made.text)[0]
        assert (await officials_of(house).welcomed(token)) is not None
        assert token not in (await admin.get("/desk/people")).text
        again = await admin.send("/desk/people/add", {"name": "mali ใจดี", "role": "editor"}, page="/desk/people")
        assert again.status == 422 and "already" in again.words
        assert (
            await admin.send("/desk/people/add", {"name": "X Y", "role": "king"}, page="/desk/people")
        ).status == 400
        named = {"name": "Mali ใจดี"}
        changed = await admin.send(
            "/desk/people/change", {**named, "do": "role", "role": "approver"}, page="/desk/people"
        )
        assert "The role of Mali ใจดี is changed" in changed.words
        assert (
            "is shut"
            in (await admin.send("/desk/people/change", {**named, "do": "disable"}, page="/desk/people")).words
        )
        assert (await admin.send("/desk/people/reset", named, page="/desk/people")).status == 422
        await admin.send("/desk/people/change", {**named, "do": "enable"}, page="/desk/people")
        assert "/desk/welcome/" in (await admin.send("/desk/people/reset", named, page="/desk/people")).text
        own = await admin.send("/desk/people/change", {"name": "Admin", "do": "disable"}, page="/desk/people")
        assert own.status == 422 and "another" in own.words.lower()
        (mali,) = [each for each in await officials_of(house).every() if each.official.name == "Mali ใจดี"]
        assert mali.official.role is Role.APPROVER


# --- in a real browser -----------------------------------------------------------------------------------------------
pages_of_the_door = pytest.mark.browser


async def _fill_in(page: Page, name: str, code: str) -> None:
    await page.fill("#name", name)
    await page.fill("#password", PASSWORD)
    await page.fill("#code", code)


@pages_of_the_door
@pytest.mark.parametrize("javascript", [True, False])
async def test_from_the_link_to_the_desk_in_a_browser(
    browser: Browser, house: House, axe: str, javascript: bool
) -> None:
    invitation = await officials_of(house).add("Mali", Role.EDITOR, OPERATOR, Language.ENGLISH)
    path = f"/desk/welcome/{invitation.token}?lang=en"
    async with desk_page(browser, house, None, path, size=PHONE, java_script_enabled=javascript) as page:
        await page.fill("#password", PASSWORD)
        await page.fill("#again", PASSWORD)
        await page.get_by_role("button", name="Next").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Connect an authenticator app")
        if javascript:
            await page.wait_for_load_state()
            shown = "() => document.querySelector('img.qr').naturalWidth"
            assert await page.evaluate(shown) > 100, "the picture is let through by the content security policy"
            assert await faults(page, axe) == []
        secret = (await page.locator(".secret").inner_text()).replace(" ", "")
        await page.fill("#code", app_code(house, secret))
        await page.get_by_role("button", name="Finish").click()
        await expect(page.locator("ul.codes li")).to_have_count(10)
        if javascript:
            assert await faults(page, axe) == []
        await page.get_by_role("link", name="Kept. Go to the desk").click()
        await expect(page.locator(".me")).to_contain_text("Mali")
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


@pages_of_the_door
@pytest.mark.parametrize("javascript", [True, False])
async def test_signing_in_by_keyboard_alone(browser: Browser, house: House, javascript: bool) -> None:
    known = await account(house, Role.EDITOR, "Mali")
    async with desk_page(browser, house, None, "/desk/sign-in?lang=en", java_script_enabled=javascript) as page:
        await expect(page.locator("#name")).to_be_focused()
        await page.keyboard.type("Mali")
        await page.keyboard.press("Tab")
        await page.keyboard.type(PASSWORD)
        await page.keyboard.press("Tab")
        await page.keyboard.type(known.code(house))
        await page.keyboard.press("Enter")
        await expect(page.locator(".me")).to_contain_text("Mali")
        await page.wait_for_load_state()
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        box = await page.locator(".skip").bounding_box()
        assert box is not None and box["x"] >= 0
        await page.keyboard.press("Enter")
        await expect(page.locator("#content")).to_be_focused()


@pages_of_the_door
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_no_page_of_the_door_shuts_anybody_out(
    browser: Browser, house: House, axe: str, language: Language, size: dict[str, int]
) -> None:
    await officials_of(house).add("ผู้ช่วยเจ้าหน้าที่สืบสวนสอบสวนประจำศูนย์ปราบปรามอาชญากรรม", Role.APPROVER, OPERATOR)
    invitation = await officials_of(house).add("Nobody Yet", Role.READER, OPERATOR)
    async with desk_page(browser, house, Role.ADMIN, "/desk/me", size=size, language=language) as page:
        for path in ("/desk/me", "/desk/people", "/desk/nothing", "/desk"):
            await page.goto(house.url + path)
            for summary in await page.locator("summary").all():
                await summary.click()
            assert await faults(page, axe) == [], path
            wide, screen = await page.evaluate(WIDER)
            assert wide <= screen, f"{path} scrolls sideways"
    async with desk_page(browser, house, None, "/desk/sign-in", size=size, language=language) as page:
        await _fill_in(page, "Nobody", "123456")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_be_visible()
        assert await faults(page, axe) == []
        await page.goto(f"{house.url}/desk/welcome/{invitation.token}")
        assert await faults(page, axe) == []
        wide, screen = await page.evaluate(WIDER)
        assert wide <= screen


@pages_of_the_door
async def test_a_link_from_a_chat_opens_the_page_with_one_tap_when_signed_in(browser: Browser, house: House) -> None:
    async with desk_page(browser, house, Role.READER, "/desk/me") as page:
        elsewhere = house.url.replace("127.0.0.1", "localhost")
        await page.goto(elsewhere + "/desk/sign-in")
        await page.evaluate("(to) => { location.href = to; }", f"{house.url}/desk/me")
        await page.get_by_role("link", name=re.compile("Signed in already|เข้าสู่ระบบอยู่แล้ว")).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("My account")


def test_a_moment_of_the_cast_is_that_of_the_app() -> None:
    secret = credentials.new_secret()
    clock = StandingClock()
    for seconds in (0, 29, 31, 60):
        now = clock.now() + timedelta(seconds=seconds)
        assert credentials.code_step(secret, pyotp.TOTP(secret).at(now), now) == int(now.timestamp()) // 30
