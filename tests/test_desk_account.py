"""One's own account at the desk: another password, another telephone, and nobody else's hand in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from browsing import faults
from conftest import House
from desk_cast import (
    CHEAP,
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
from playwright.async_api import Browser, expect
from store_cast import SECRET, StandingClock
from test_desk_signin import Somebody, acts, somebody

from bot.credentials import Passwords
from bot.store import SqlStore, audit
from bot.store.audit import OPERATOR
from bot.store.doorkeeping import FREE_TRIES, Doorkeeping, NotSignedIn, Slowed
from bot.store.officials import NotDone, Officials, Why
from bot.store.own_account import APP_LINK_LASTS, OwnAccount, Proof
from content.models import Language
from handlers.officials import Role

BETTER = "เรือสามลำจอดริมบึงใหญ่"


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def officials(url: str, clock: StandingClock) -> Iterator[Officials]:
    store = SqlStore.open(url, [SECRET], clock)
    yield Officials(store.foundation, Passwords(CHEAP))
    store.close()


@pytest.fixture
def door(officials: Officials) -> Doorkeeping:
    return Doorkeeping(officials)


@pytest.fixture
def own(officials: Officials) -> OwnAccount:
    return OwnAccount(officials)


def proof(known: Somebody, **other: str) -> Proof:
    return Proof(**({"password": PASSWORD, "code": known.code()} | other))


async def test_a_new_password_ends_every_other_session_and_the_old_password(officials, door, own, clock, url):
    known = await somebody(officials, clock)
    here, elsewhere = [await door.begin(known.official, "a test") for _ in range(2)]
    visit = await door.visit(here.token)
    assert visit is not None
    await own.change_password(known.official, proof(known), BETTER, visit.session)
    assert await door.visit(here.token) is not None and await door.visit(elsewhere.token) is None
    clock.on(seconds=30)
    with pytest.raises(NotSignedIn):
        await door.sign_in(known.tries())
    await door.sign_in(known.tries(password=BETTER))
    name = audit.official("Mali")
    assert (name, "password changed", name) in acts(url)
    assert await officials.foundation.database.read(audit.first_broken) is None


async def test_nothing_changes_without_the_password_a_fresh_code_and_a_good_new_password(
    officials, door, own, clock, url
):
    known = await somebody(officials, clock)
    await door.sign_in(known.tries())
    for other in ({"password": "wrong wrong wrong"}, {"code": "000000"}, {}):
        with pytest.raises(NotSignedIn):
            await own.change_password(known.official, proof(known, **other), BETTER, 0)
        with pytest.raises(NotSignedIn):
            await own.another_app(known.official, proof(known, **other))
    for weak, why in (("short", Why.PASSWORD_SHORT), ("I am Mali Jaidee", Why.PASSWORD_NAMED)):
        with pytest.raises(NotDone) as refused:
            await own.change_password(known.official, proof(known), weak, 0)
        assert refused.value.why is why
    clock.on(minutes=20)
    await door.sign_in(known.tries())
    failed = [(actor, act) for actor, act, _ in acts(url) if act == "own account not changed"]
    assert failed == [("house", "own account not changed")] * 6


async def test_who_sits_at_somebody_elses_browser_cannot_guess_on(officials, door, own, clock):
    known = await somebody(officials, clock)
    for _ in range(FREE_TRIES + 1):
        with pytest.raises(NotSignedIn):
            await own.change_password(known.official, proof(known, password="wrong wrong wrong"), BETTER, 0)
    with pytest.raises(Slowed):
        await own.change_password(known.official, proof(known), BETTER, 0)
    # The door does not count these tries: the official is not kept out by whoever made them.
    await door.sign_in(known.tries())


async def test_another_telephone_takes_over_and_the_old_one_holds_until_then(officials, door, own, clock, url):
    known = await somebody(officials, clock)
    link = await own.another_app(known.official, proof(known))
    clock.on(seconds=30)
    await door.sign_in(known.tries())
    welcomed = await officials.welcomed(link.token)
    assert welcomed is not None and welcomed.chosen and welcomed.secret != known.secret
    renewed = Somebody(known.official, welcomed.secret, (), clock)
    _, codes = await officials.finish(link.token, renewed.code())
    clock.on(seconds=30)
    for code in (known.code(), known.codes[0]):
        with pytest.raises(NotSignedIn):
            await door.sign_in(known.tries(code=code))
    await door.sign_in(known.tries(code=renewed.code()))
    assert (await door.sign_in(known.tries(code=codes[0]))).codes_left == 9
    told = [act for _, act, _ in acts(url)]
    assert "another app asked for" in told and told.count("password and second factor set") == 2


async def test_a_lost_telephone_is_replaced_by_a_recovery_code_and_the_link_is_soon_over(officials, own, clock):
    known = await somebody(officials, clock)
    link = await own.another_app(known.official, proof(known, code=known.codes[3]))
    assert await officials.welcomed(link.token) is not None
    with pytest.raises(NotSignedIn):
        await own.another_app(known.official, proof(known, code=known.codes[3]))
    clock.on(seconds=APP_LINK_LASTS.total_seconds())
    assert await officials.welcomed(link.token) is None


async def test_a_password_changed_meanwhile_is_not_undone_by_a_link_half_followed(officials, door, own, clock):
    known = await somebody(officials, clock)
    link = await own.another_app(known.official, proof(known))
    clock.on(seconds=30)
    await own.change_password(known.official, proof(known), BETTER, 0)
    assert await officials.welcomed(link.token) is None
    clock.on(seconds=30)
    await door.sign_in(known.tries(password=BETTER))


async def test_a_shut_account_changes_nothing(officials, own, clock):
    known = await somebody(officials, clock)
    await officials.disable("Mali", OPERATOR)
    with pytest.raises(NotSignedIn):
        await own.change_password(known.official, proof(known), BETTER, 0)


# --- over real HTTP --------------------------------------------------------------------------------------------------
async def test_from_my_account_to_a_new_password_and_another_phone(house: House) -> None:
    known = await account(house, Role.READER, "Mali")
    other = (await Doorkeeping(officials_of(house)).begin(known.official, "lost")).token
    async with visitor(house) as mali:
        await mali.send("/desk/sign-in", {"name": "Mali", "password": PASSWORD, "code": known.codes[0]})
        mali.official = known.official
        assert "Change your password or phone" in (await mali.get("/desk/me")).words
        page = "/desk/me/password"
        fields = {"old": PASSWORD, "code": known.code(house), "password": BETTER, "again": BETTER}
        for spoilt, told in (
            ({"again": "other"}, "differ"),
            ({"password": "short", "again": "short"}, "too short"),
            ({"old": "wrong wrong wrong"}, "not right"),
        ):
            seen = await mali.send(page, fields | spoilt, page=page)
            assert seen.status == 422 and told in seen.words and BETTER not in seen.text and PASSWORD not in seen.text
        done = await mali.send(page, fields, page=page)
        assert done.url.endswith("/desk/me") and "Your password is changed" in done.words
        assert await Doorkeeping(officials_of(house)).visit(other) is None
        app = await mali.send("/desk/me/app", {"old": BETTER, "code": known.codes[1]}, page="/desk/me/app")
        assert "/desk/welcome/" in app.url and "Connect an authenticator app" in app.words
        secret = re.findall(r'class="secret">([A-Z2-7 ]+)<', app.text)[0].replace(" ", "")
        # Past the door, forms prove themselves as those of whoever stands there.
        finished = await mali.send(app.url, {"step": "code", "code": app_code(house, secret)}, page=app.url)
        assert len(re.findall(r'class="secret">([2-9a-z-]+)<', finished.text)) == 10
        assert (await mali.get("/desk/me")).url.endswith("/desk/me")


async def test_wrong_tries_are_slowed_and_nobody_reaches_anothers_account(house: House) -> None:
    async with at_desk(house, Role.READER) as reader:
        stands_still(house)
        fields = {"old": "wrong wrong wrong", "code": "1", "password": BETTER, "again": BETTER, "name": "Admin"}
        for _ in range(FREE_TRIES + 1):
            assert (await reader.send("/desk/me/password", fields)).status == 422
        slowed = await reader.send("/desk/me/password", fields)
        assert slowed.status == 429 and "Wait 1 min" in slowed.words and int(slowed.headers["Retry-After"]) <= 5
    async with visitor(house) as stranger:
        fields = {"old": "a password that is long and secret", "code": "1"}
        lost = await stranger.send("/desk/me/app", fields, csrf="old")
        assert lost.status == 401 and "long and secret" not in lost.text


@pytest.mark.browser
@pytest.mark.parametrize("language", list(Language))
async def test_the_pages_of_ones_account_shut_nobody_out(
    browser: Browser, house: House, axe: str, language: Language
) -> None:
    async with desk_page(browser, house, Role.EDITOR, "/desk/me", size=PHONE, language=language) as page:
        for path in ("/desk/me", "/desk/me/password", "/desk/me/app"):
            await page.goto(house.url + path)
            await expect(page.get_by_role("heading", level=1)).to_be_visible()
            assert await faults(page, axe) == [], path
            wide, screen = await page.evaluate(WIDER)
            assert wide <= screen, f"{path} scrolls sideways"
        await page.fill("#old", "wrong wrong wrong")
        await page.fill("#code", "123456")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_be_visible()
        assert await faults(page, axe) == []
