"""Every job of the desk in a real browser: by mouse, by keyboard alone and without JavaScript, as whoever may and whoever may not.

A job is written once, in the words that stand on the page; `WAYS` says with which hands, in which language and as whom it is done.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby

import pytest
from bulletin_cast import add_officials, add_subscribers
from case_cast import OTHER
from conftest import House
from desk_cast import desk_page
from hub_cast import HUB
from playwright.async_api import Browser, Dialog, Download, Locator, Page, expect
from store_cast import rows
from takedown_cast import DOMAIN, MALI, person, reported, scam_case

from bot.desk import labels
from bot.editorial import Editorial
from bot.store import takedown_types
from bot.store.audit import OPERATOR
from bot.store.campaigns import CampaignBook, Marking, Proposal
from bot.store.campaigns import State as Warned
from bot.store.casebook import CaseBook
from bot.store.limits import Limits
from bot.store.takedown_types import Wish
from bot.store.takedowns import Takedowns
from content.models import Language
from content.reported import Subject
from content.takedown import Ask, RecipientKind
from handlers.limits import LimitKind
from handlers.officials import Role
from scheduler.bulletins import State
from scheduler.trends import Month

pytestmark = pytest.mark.browser
ENTRY = "parcel-fee-link"
# Further than any page of ours reaches, and any list in it.
MOST_KEYS = 300


# --- hands -----------------------------------------------------------------------------------------------------------
@dataclass
class Hands:
    """Somebody at a page who finds what it offers by its words, and uses a mouse. `place` is where they look."""

    page: Page
    language: Language
    place: Page | Locator
    asked: list[str] = field(default_factory=list)

    def say(self, label: str, **values: object) -> str:
        """What a label says on their page."""
        return labels.load().say(label, self.language, **values)

    def within(self, place: Locator) -> Hands:
        """The same hands in one part of the page."""
        return replace(self, place=place)

    # what a job is made of

    async def goes(self, *links: str) -> None:
        """Follow links, one page after the other."""
        for words in links:
            await self._leaves(self.place.get_by_role("link", name=words, exact=True).first)

    async def presses(self, words: str) -> None:
        """Press a button that leads to a page, and wait for all of that."""
        await self._leaves(self._button(words))

    async def gets(self, words: str, *, link: bool = False) -> Download:
        """Press a button, or follow a link, that brings a file."""
        async with self.page.expect_download() as coming:
            if link:
                await self._uses(self.place.get_by_role("link", name=words, exact=True))
            else:
                await self.presses(words)
        return await coming.value

    async def opens(self, words: str) -> None:
        """Open what is folded away."""
        await self._uses(self.place.locator("summary").filter(has_text=re.compile(rf"^\s*{re.escape(words)}")).first)

    async def writes(self, label: str, text: str) -> None:
        """Put a text into a field, instead of what stands there."""
        target = self._field(label)
        await self._writes(target, text)
        await expect(target).to_have_value(text)

    async def chooses(self, label: str, option: str) -> None:
        """Choose from a list."""
        target = self._field(label)
        await self._chooses(target, option)
        assert await _chosen(target) == option

    async def ticks(self, words: str) -> None:
        """Tick a box, or one of several choices."""
        target = self.place.get_by_label(words, exact=True)
        await self._ticks(target)
        await expect(target).to_be_checked()

    # what they see

    async def reads(self, *words: str) -> None:
        """It stands on the page."""
        for each in words:
            await expect(self.place.get_by_text(each).first).to_be_visible()

    async def told(self, label: str, **values: object) -> None:
        """The page says once that it is done."""
        await expect(self.page.get_by_role("status")).to_have_text(self.say(label, **values))

    # with a mouse

    async def _uses(self, target: Locator) -> None:
        await target.click()

    async def _writes(self, target: Locator, text: str) -> None:
        await target.fill(text)

    async def _chooses(self, target: Locator, option: str) -> None:
        await target.select_option(label=option)

    async def _ticks(self, target: Locator) -> None:
        await target.check()

    # where things are

    def _button(self, words: str) -> Locator:
        return self.place.get_by_role("button", name=words, exact=True)

    def _field(self, label: str) -> Locator:
        return self.place.get_by_label(label, exact=True)

    async def _leaves(self, target: Locator) -> None:
        # All of the next page: what is pressed before its script has run is lost.
        async with self.page.expect_navigation(wait_until="load"):
            await self._uses(target)


class Keys(Hands):
    """Somebody who has a keyboard and nothing else: Tab until it is reached."""

    async def _uses(self, target: Locator) -> None:
        await self._reaches(target)
        await self.page.keyboard.press("Enter")

    async def _writes(self, target: Locator, text: str) -> None:
        await self._reaches(target)
        await self.page.keyboard.press("ControlOrMeta+a")
        await self.page.keyboard.type(text)

    async def _chooses(self, target: Locator, option: str) -> None:
        await self._reaches(target)
        await self.page.keyboard.press("Home")
        for _ in range(MOST_KEYS):
            if await _chosen(target) == option:
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"no key leads to {option}")

    async def _ticks(self, target: Locator) -> None:
        await self._reaches(
            target, "(each, at) => at.name === each.name && at.form === each.form && at.type === each.type"
        )
        for _ in range(MOST_KEYS):
            if await target.evaluate("each => each === document.activeElement"):
                break
            await self.page.keyboard.press("ArrowDown")
        if not await target.is_checked():
            await self.page.keyboard.press("Space")

    async def _reaches(self, target: Locator, near: str = "(each, at) => each === at") -> None:
        """Tab until it has the focus, or `near` says that arrows lead on from here."""
        await expect(target).to_be_visible()
        for _ in range(MOST_KEYS):
            if await target.evaluate(f"each => ({near})(each, document.activeElement)"):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"no Tab leads to {target}")


async def _chosen(target: Locator) -> str:
    found: str = await target.evaluate("each => each.selectedOptions[0].label")
    return found


# --- ways ------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Way:
    """How a job is done. `above`: so many roles above the least that may, so that each role does each job somehow."""

    hands: type[Hands]
    javascript: bool
    language: Language
    above: int

    def role(self, least: Role) -> Role:
        """As whom."""
        return list(Role)[min(list(Role).index(least) + self.above, len(Role) - 1)]


WAYS = {
    "mouse": Way(Hands, True, Language.ENGLISH, 0),
    "no-script": Way(Hands, False, Language.THAI, 1),
    "keyboard": Way(Keys, True, Language.ENGLISH, 2),
}
in_every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)


@asynccontextmanager
async def at_work(
    browser: Browser, house: House, way: Way, least: Role, name: str, path: str = "/desk", above: bool = True
) -> AsyncIterator[Hands]:
    """Somebody of a role that may, at a page."""
    role = way.role(least) if above else least
    given = {"name": name, "language": way.language, "java_script_enabled": way.javascript}
    async with desk_page(browser, house, role, path, **given) as page:
        hands = way.hands(page, way.language, page)

        async def agrees(dialog: Dialog) -> None:
            hands.asked.append(dialog.message)
            await dialog.accept()

        page.on("dialog", agrees)
        yield hands


def acts(house: House, name: str) -> list[tuple[object, object]]:
    """What the log says that somebody did, beside coming and going."""
    actor = f"official:{name}"
    done = [row for row in rows(house.settings.database_url, "audit") if row["actor"] == actor]
    return [(row["act"], row["subject"]) for row in done if row["subject"] != actor]


# --- cases -----------------------------------------------------------------------------------------------------------
async def slows(hands: Hands, number: str) -> None:
    """A reporter is answered more slowly."""
    await _about(hands, number, "case.hide", "case.slow_reason", "case.slow_go")
    await hands.told("case.done_slowed")


async def hides(hands: Hands, number: str) -> None:
    """All of a spammer's is hidden."""
    await _about(hands, number, "case.hide", "case.hide_reason", "case.hide_go")
    await hands.told("case.done_hidden", reports=1)
    await hands.reads(hands.say("case.report_hidden", number=number))


async def shows(hands: Hands, number: str) -> None:
    """It counts again."""
    await _about(hands, number, "case.show", "case.show_reason", "case.show_go")
    await hands.told("case.done_shown", reports=1)


async def _about(hands: Hands, number: str, opens: str, field: str, go: str) -> None:
    report = hands.within(hands.page.get_by_role("article").filter(has_text=number))
    await report.opens(hands.say(opens))
    await report.writes(hands.say(field), "ส่งทุกนาที")
    await report.presses(hands.say(go))


async def takes(hands: Hands) -> None:
    """A case is taken."""
    await hands.presses(hands.say("case.take"))
    await hands.told("case.done_taken")


async def decides(hands: Hands, case: int, title: str) -> None:
    """A case is found to be a known scam."""
    await hands.ticks(f"1 {hands.say('decision.scam')}")
    await hands.chooses(hands.say("case.entry"), title)
    await hands.writes(hands.say("case.remark"), "อย่ากดลิงก์นะครับ")
    await hands.presses(hands.say("case.decide_go"))
    await hands.told("case.done_decided", id=case)


async def merges(hands: Hands, case: int, into: int) -> None:
    """A case becomes part of another."""
    await hands.writes(hands.say("case.merge_into"), str(into))
    await hands.presses(hands.say("case.merge_go"))
    await hands.told("case.done_merged", id=case)
    await hands.reads(hands.say("case.number", id=into))


async def two_cases(house: House) -> tuple[int, int]:
    """Two that wait, of one person each; their numbers."""
    store, knowledge = house.bot.store, house.bot.ports.knowledge
    await reported(store, knowledge, 1)
    await reported(store, knowledge, 2, text=OTHER)
    first, second = sorted(row.id for row in (await CaseBook(store.foundation).queue("all")).rows)
    return first, second


@in_every_way
async def test_a_reporter_is_slowed_hidden_and_shown_and_a_case_taken_and_merged(house, browser, way):
    one, other = await two_cases(house)
    cases, store = CaseBook(house.bot.store.foundation), house.bot.store
    number = (await cases.case(one)).reports[0].number
    async with at_work(browser, house, way, Role.EDITOR, "Anong") as anong:
        await anong.goes(anong.say("nav.queue"), anong.say("case.number", id=one))
        await slows(anong, number)
        assert (await store.limit(person(1))).kind is LimitKind.SLOWED
        await hides(anong, number)
        assert (await store.limit(person(1))).kind is LimitKind.BLOCKED and (await cases.queue()).total == 1
        await shows(anong, number)
        assert await store.limit(person(1)) is None and (await cases.queue()).total == 2
        await takes(anong)
        assert (await cases.case(one)).row.state == "in_review"
        await merges(anong, one, other)
        asks = ["case.hide_ask", "case.merge_ask"] if way.javascript else []
        assert anong.asked == [anong.say(each) for each in asks], "twice, before what cannot be undone"
        await anong.reads(anong.say("case.counts", reports=2, people=2, weight="").strip())
    row = (await cases.case(one)).row
    assert (row.state, row.merged_into) == ("merged", other)
    of_one, of_other = f"case:{one}", f"case:{other}"
    assert acts(house, "Anong") == [
        ("reporter slowed", of_one), ("reporter hidden", of_one), ("reporter shown again", of_one), ("case taken", of_one),
        ("case merged", of_one), ("case joined", of_other),
    ]  # fmt: skip


# --- early warnings --------------------------------------------------------------------------------------------------
async def proposes(hands: Hands) -> None:
    """Other agencies are to be warned of a scam, from the page of its case."""
    await hands.goes(hands.say("campaigns.propose"))
    await hands.ticks(hands.say("campaign_marking.green"))
    await hands.chooses(hands.say("campaigns.days"), hands.say("campaigns.n_days", n=30))
    await hands.presses(hands.say("campaigns.propose_go"))
    await hands.told("campaigns.done_proposed")


async def confirms(hands: Hands, title: str) -> None:
    """The second person reads it and confirms."""
    await hands.goes(hands.say("nav.campaigns"), title)
    await hands.reads(DOMAIN.replace(".", "[.]"))
    await hands.presses(hands.say("campaigns.confirm"))
    await hands.told("campaigns.done_confirmed")


async def revokes(hands: Hands, title: str) -> None:
    """It is taken back."""
    await hands.goes(hands.say("nav.campaigns"), title)
    await hands.writes(hands.say("campaigns.reason"), "ตรวจอีกครั้งแล้วไม่แน่ใจ")
    await hands.presses(hands.say("campaigns.revoke"))
    await hands.told("campaigns.done_ended")
    await hands.reads(hands.say("campaign_state.revoked"))


@in_every_way
async def test_a_case_is_decided_and_an_early_warning_signed_by_two_and_taken_back(house, browser, way):
    await reported(house.bot.store, house.bot.ports.knowledge, 1, 2, 3)
    book, [row] = (
        CampaignBook(house.bot.store.foundation),
        (await CaseBook(house.bot.store.foundation).queue("all")).rows,
    )
    title = house.bot.ports.knowledge.entries[ENTRY].title.in_(way.language)
    async with at_work(browser, house, way, Role.EDITOR, "Anong") as anong:
        await anong.goes(anong.say("nav.queue"), anong.say("case.number", id=row.id))
        await decides(anong, row.id, title)
        decided = (await CaseBook(house.bot.store.foundation).case(row.id)).row
        assert (decided.decision, decided.decided_entry, decided.remark) == ("scam", ENTRY, "อย่ากดลิงก์นะครับ")
        await anong.goes(anong.say("view.answered"), anong.say("case.number", id=row.id))
        await proposes(anong)
        [warning] = await book.newest()
        assert (warning.state, warning.marking, warning.used[0][1].value) == (Warned.PROPOSED, Marking.GREEN, DOMAIN)
        await expect(anong.page.get_by_role("button", name=anong.say("campaigns.confirm"))).to_have_count(0)
        async with at_work(browser, house, way, Role.APPROVER, "Boon") as boon:
            await confirms(boon, title)
        assert (await book.get(warning.id)).state is Warned.CONFIRMED
        await revokes(anong, title)
    ended = await book.get(warning.id)
    assert (ended.state, ended.confirmed_by, ended.ended_by) == (Warned.REVOKED, "Boon", "Anong")
    of_case = f"case:{row.id}"
    assert acts(house, "Boon") == [("early warning confirmed", of_case)]
    assert acts(house, "Anong") == [
        ("case answered", of_case), ("early warning proposed", of_case), ("early warning revoked", of_case),
    ]  # fmt: skip


# --- take-downs ------------------------------------------------------------------------------------------------------
async def prepares(hands: Hands, house: House) -> None:
    """One press at a case brings the package."""
    kind = house.bot.ports.knowledge.takedown.of(RecipientKind.REGISTRAR)
    package = await hands.gets(kind.name.in_(hands.language))
    assert package.suggested_filename.endswith(".zip")
    await hands.told("takedown.done_prepared")
    await hands.reads(DOMAIN.replace(".", "[.]"), hands.say("takedown_state.prepared"))


async def addresses(hands: Hands) -> None:
    """To whom it goes; the package is made anew."""
    await hands.writes(hands.say("takedown.name"), "Example Registrar")
    await hands.writes(hands.say("takedown.address"), "abuse@registrar.example")
    package = await hands.gets(hands.say("takedown.save"))
    assert package.suggested_filename.endswith(".zip")
    await hands.told("takedown.done_changed")


async def notes(hands: Hands, number: str, go: str, done: str) -> None:
    """A step of the recipient's, with their number where they gave one."""
    if number:
        await hands.writes(hands.say("takedown.their_number"), number)
    await hands.presses(hands.say(go))
    await hands.told(f"takedown.done_{done}")
    await hands.reads(hands.say(f"takedown_state.{done}"))


async def withdraws(hands: Hands) -> None:
    """The request is taken back."""
    await hands.opens(hands.say("takedown.withdraw_go"))
    await hands.writes(hands.say("takedown.withdraw_why"), "เว็บปิดไปเองแล้ว")
    await hands.presses(hands.say("takedown.withdraw_go"))
    await hands.told("takedown.done_withdrawn")


@in_every_way
async def test_a_take_down_is_prepared_addressed_sent_followed_repeated_and_withdrawn(house, browser, way):
    case = await scam_case(house)
    requests = Takedowns(house.bot.store.foundation)
    async with at_work(browser, house, way, Role.EDITOR, "Anong", f"/desk/case/{case}") as anong:
        await prepares(anong, house)
        await addresses(anong)
        first = await requests.get(1)
        assert (first.state, first.address) == (takedown_types.State.PREPARED, "abuse@registrar.example")
        assert Subject("domain", DOMAIN) in [each.subject for each in first.targets]
        async with at_work(browser, house, way, Role.APPROVER, "Boon", "/desk/takedowns") as boon:
            await boon.goes(await boon.page.locator(".case .open").inner_text())
            await notes(boon, "", "takedown.send_go", "sent")
        await anong.goes(anong.say("takedown.back"), await _reference(anong))
        await notes(anong, "R-77", "takedown.acknowledge_go", "acknowledged")
        assert (await requests.get(1)).reference == "R-77"
        await notes(anong, "", "takedown.remove_go", "removed")
        await anong.gets(anong.say("takedown.again"))
        await withdraws(anong)
        assert anong.asked == ([anong.say("takedown.withdraw_ask")] if way.javascript else [])
    first, second = await requests.get(1), await requests.get(2)
    assert (first.state, first.sent_by) == (takedown_types.State.REMOVED, "Boon")
    assert (second.state, second.follows) == (takedown_types.State.WITHDRAWN, 1)
    assert acts(house, "Boon") == [("takedown sent", "takedown:1")]
    assert acts(house, "Anong") == [
        ("takedown prepared", "takedown:1"), ("takedown changed", "takedown:1"), ("takedown acknowledged", "takedown:1"),
        ("takedown removed", "takedown:1"), ("takedown prepared", "takedown:2"), ("takedown withdrawn", "takedown:2"),
    ]  # fmt: skip


async def _reference(hands: Hands) -> str:
    """How the request is named whose page this is."""
    heading = await hands.page.get_by_role("heading", level=1).inner_text()
    return heading.split()[-1]


# --- bulletins -------------------------------------------------------------------------------------------------------
async def drafts(hands: Hands, month: Month) -> None:
    """A month is drafted."""
    await hands.goes(hands.say("nav.bulletins"))
    await hands.chooses(hands.say("bulletins.month"), month.name(hands.language))
    await hands.presses(hands.say("bulletins.draft_go"))
    await hands.told("bulletins.drafted")


async def rewords(hands: Hands, title: str) -> None:
    """Its words are changed."""
    english = hands.page.get_by_role("group", name=hands.say("bulletin_language.en"))
    await hands.within(english).writes(hands.say("bulletins.field_title"), title)
    await hands.presses(hands.say("bulletins.edit_go"))
    await hands.told("bulletins.edited")


async def signs(hands: Hands, version: int) -> None:
    """A version is signed."""
    await hands.writes(hands.say("bulletins.remark"), "เดือนนี้ยังมีกลโกงอยู่")
    await hands.presses(hands.say("bulletins.sign_go", n=version))
    await hands.told("bulletins.signed")


async def orders(hands: Hands) -> None:
    """It is sent, to whom an approver chose and after they saw what it costs."""
    await hands.chooses(hands.say("bulletins.part"), hands.say("bulletin_part.language_th"))
    await hands.presses(hands.say("bulletins.quota_go"))
    await hands.reads(hands.say("bulletins.line_cost"))
    await hands.ticks(hands.say("bulletins.wakes"))
    await hands.presses(hands.say("bulletins.order_go"))
    await hands.told("bulletins.ordered")


@in_every_way
async def test_a_bulletin_is_drafted_reworded_signed_by_two_and_ordered(house, browser, way):
    add_subscribers(house.settings.database_url, "line", 2)
    bulletins, month = _editorial(house).bulletins, Month.of(house.bot.store.foundation.today())
    async with (
        at_work(browser, house, way, Role.EDITOR, "Anong") as anong,
        at_work(browser, house, way, Role.APPROVER, "Boon") as boon,
    ):
        await drafts(anong, month)
        await rewords(anong, "Parcels again")
        await signs(anong, 2)
        await anong.reads(anong.say("bulletins.has_signed"))
        [draft] = await bulletins.newest()
        assert (draft.state, draft.text(Language.ENGLISH).title) == (State.DRAFT, "Parcels again")
        await boon.goes(boon.say("nav.bulletins"), draft.text(way.language).title)
        await signs(boon, 2)
        assert [each.name for each in (await bulletins.get(draft.id)).signatures] == ["Anong", "Boon"]
        await orders(boon)
        await house.line.until_called("multicast")
    assert (await bulletins.get(draft.id)).state in (State.SENDING, State.SENT) and not house.line.violations
    of_it = f"bulletin:{draft.id}"
    assert acts(house, "Anong") == [(f"bulletin {each}", of_it) for each in ("drafted", "changed", "signed")]
    assert acts(house, "Boon") == [(f"bulletin {each}", of_it) for each in ("signed", "ordered")]


def _editorial(house: House) -> Editorial:
    return Editorial(house.bot.store.foundation, lambda: house.bot.ports.knowledge, house.bot.settings)


# --- hubs and people -------------------------------------------------------------------------------------------------
async def adds_hub(hands: Hands, name: str, province: str) -> str:
    """A hub is added; its first code."""
    await hands.goes(hands.say("nav.hubs"))
    await hands.opens(hands.say("hubs.add"))
    await hands.writes(hands.say("hubs.name"), name)
    await hands.chooses(hands.say("hubs.province"), province)
    await hands.presses(hands.say("hubs.add"))
    return await _code(hands, name)


async def renews_code(hands: Hands, name: str) -> str:
    """A hub gets a code for a lead."""
    await hands.goes(hands.say("hubs.back"))
    await hands.opens(hands.say("hubs.code"))
    await hands.presses(hands.say("hubs.code_lead"))
    return await _code(hands, name)


async def _code(hands: Hands, name: str) -> str:
    await hands.reads(hands.say("hubs.code_title", name=name), hands.say("hubs.code_text"))
    shown = await hands.page.get_by_text("/hub ", exact=False).first.inner_text()
    assert re.fullmatch(r"/hub [A-Z2-9-]{8,9}", shown), shown
    return shown


async def edits_hub(hands: Hands, name: str) -> None:
    """What is known of a hub is put right, and stands on its card."""
    await hands.goes(hands.say("nav.hubs"), name)
    await hands.opens(hands.say("hubs.edit"))
    await hands.writes(hands.say("hubs.place"), "ศาลาใหม่")
    await hands.presses(hands.say("hubs.save"))
    await hands.told("hubs.saved")
    await hands.goes(hands.say("hubs.card"))
    await hands.reads(hands.say("hubs.card_title"), "ศาลาใหม่")


async def adds_official(hands: Hands, name: str, role: Role) -> str:
    """An official is added; their link."""
    await hands.goes(hands.say("nav.people"))
    await hands.writes(hands.say("people.name"), name)
    await hands.ticks(f"{hands.say(f'role.{role.value}')}: {hands.say(f'role_may.{role.value}')}")
    await hands.presses(hands.say("people.make"))
    return await _link(hands, name)


async def _link(hands: Hands, name: str) -> str:
    await hands.reads(hands.say("people.link_for", name=name))
    link = await hands.page.locator(".link").inner_text()
    await hands.goes(hands.say("people.back"))
    return link


async def _account(hands: Hands, name: str) -> Hands:
    """Where an official's account stands, opened."""
    theirs = hands.within(hands.page.get_by_role("article").filter(has=hands.page.get_by_role("heading", name=name)))
    await theirs.opens(f"{hands.say('people.change')} {name}")
    return theirs


async def changes_official(hands: Hands, name: str, do: str, role: Role | None = None) -> None:
    """An official's role, or whether their account is open."""
    theirs = await _account(hands, name)
    if role:
        await theirs.chooses(hands.say("people.role"), hands.say(f"role.{role.value}"))
    await theirs.presses(hands.say("people.save_role" if role else f"people.{do}"))
    await hands.told(f"people.done_{do}", name=name)


async def renews_link(hands: Hands, name: str) -> str:
    """An official who lost their way in gets another link."""
    theirs = await _account(hands, name)
    await theirs.presses(hands.say("people.reset"))
    return await _link(hands, name)


async def lifts(hands: Hands, label: str) -> None:
    """Somebody's limit is lifted."""
    await hands.reads(hands.say("limit.slowed"), "ส่งทุกนาที")
    await hands.writes(hands.say("people.lift_why"), "คุยกันแล้ว")
    await hands.presses(f"{hands.say('people.lift')} {label}")
    await hands.told("people.lifted")
    await hands.reads(hands.say("people.no_limits"))


@in_every_way
async def test_an_admin_opens_a_hub_and_an_editor_keeps_it(house, browser, way):
    province = next(iter(house.bot.ports.knowledge.provinces.values()))
    async with at_work(browser, house, way, Role.ADMIN, "Anong") as anong:
        codes = {await adds_hub(anong, HUB.name, province.name.in_(way.language)), await renews_code(anong, HUB.name)}
        assert len(codes) == 2
    async with at_work(browser, house, way, Role.EDITOR, "Boon") as boon:
        await edits_hub(boon, HUB.name)
    hub = await house.bot.store.hubs.hub(1)
    assert (hub.name, hub.place, hub.province) == (HUB.name, "ศาลาใหม่", province.id)
    assert acts(house, "Anong") == [("hub added", "hub:1"), ("hub code made", "hub:1")]
    assert acts(house, "Boon") == [("hub changed", "hub:1")]


@in_every_way
async def test_an_admin_adds_an_official_changes_them_and_lifts_a_limit(house, browser, way):
    limits, foundation = Limits(house.bot.store.foundation), house.bot.store.foundation
    await limits.set(foundation.identity.person(person(1)), LimitKind.SLOWED, "ส่งทุกนาที", "Wichai")
    [limit] = await limits.all()
    async with at_work(browser, house, way, Role.ADMIN, "Anong") as anong:
        link = await adds_official(anong, "Chai", Role.EDITOR)
        assert link.startswith(f"{house.settings.public_url}/desk/welcome/")
        await changes_official(anong, "Chai", "role", Role.APPROVER)
        await changes_official(anong, "Chai", "disable")
        await changes_official(anong, "Chai", "enable")
        assert await renews_link(anong, "Chai") != link
        await lifts(anong, limit.label)
    assert await limits.all() == ()
    [chai] = [row for row in rows(house.settings.database_url, "officials") if row["name"] == "Chai"]
    assert (chai["role"], chai["disabled_at"]) == ("approver", None)
    chai_too = "official:Chai"
    assert acts(house, "Anong") == [
        ("official added", chai_too), ("official's role changed", chai_too), ("official disabled", chai_too),
        ("official enabled", chai_too), ("official reset", chai_too), ("limit lifted", "limit"),
    ]  # fmt: skip


# --- reading, and what is not theirs ---------------------------------------------------------------------------------
@in_every_way
async def test_a_reader_reads_a_case_searches_the_knowledge_and_takes_the_figures_home(house, browser, way):
    case = await scam_case(house)
    title = house.bot.ports.knowledge.entries[ENTRY].title.in_(way.language)
    async with at_work(browser, house, way, Role.READER, "Cat", above=False) as cat:
        # The answered ones: the case is decided.
        await cat.goes(cat.say("nav.queue"), cat.say("view.answered"), cat.say("case.number", id=case))
        await cat.reads(DOMAIN.replace(".", "[.]"), cat.say("decision.scam"), cat.say("case.history"))
        await cat.goes(cat.say("nav.knowledge"))
        await cat.writes(cat.say("knowledge.look_for"), title)
        await cat.presses(cat.say("knowledge.look"))
        await cat.goes(title)
        await cat.goes(cat.say("nav.trends"))
        assert (await cat.gets(cat.say("trends.csv"), link=True)).suggested_filename.endswith(".csv")
        other = Language.THAI if way.language is Language.ENGLISH else Language.ENGLISH
        await cat.presses("ไทย" if other is Language.THAI else "English")
        await expect(cat.page.get_by_role("heading", level=1)).to_contain_text(labels.load().text("nav.trends", other))
        await cat.presses(labels.load().text("desk.sign_out", other))
        await cat.page.goto(f"{house.url}/desk/case/{case}")
        assert "/desk/sign-in" in cat.page.url
    assert acts(house, "Cat") == [], "who only reads changes nothing"


@dataclass(frozen=True)
class Offer:
    """Something that a page offers to a role and to those above it, and where it leads; `opens` where that is a page to read."""

    path: str
    least: Role
    label: str
    leads: str
    opens: bool = False

    def words(self, language: Language) -> str:
        """What stands on it, up to the first value."""
        return labels.load().text(self.label, language).partition("{")[0].strip()


READER, EDITOR, APPROVER, ADMIN = Role
_KNOWN = f"/desk/knowledge/entry/{ENTRY}"
OFFERS = (
    Offer("/desk", ADMIN, "nav.people", "/desk/people", opens=True),
    Offer("/desk/case/2", EDITOR, "case.take", "/desk/case/2/take"),
    Offer("/desk/case/2", EDITOR, "case.decide_go", "/desk/case/2/decide"),
    Offer("/desk/case/2", EDITOR, "case.merge_go", "/desk/case/2/merge"),
    Offer("/desk/case/2", EDITOR, "case.hide_go", "/desk/case/2/hide"),
    Offer("/desk/case/2", EDITOR, "case.slow_go", "/desk/case/2/slow"),
    Offer("/desk/case/2", EDITOR, "case.show_go", "/desk/case/2/show"),
    Offer("/desk/case/1", EDITOR, "case.decide_again", "/desk/case/1/decide"),
    Offer("/desk/case/1", EDITOR, "campaigns.propose", "/desk/case/1/warning", opens=True),
    Offer("/desk/case/1/warning", EDITOR, "campaigns.propose_go", "/desk/case/1/warning"),
    Offer("/desk/campaigns/1", EDITOR, "campaigns.decline", "/desk/campaigns/1/end"),
    Offer("/desk/campaigns/1", APPROVER, "campaigns.confirm", "/desk/campaigns/1/confirm"),
    Offer("/desk/takedowns/1", EDITOR, "takedown.download", "/desk/takedowns/1/package.zip", opens=True),
    Offer("/desk/takedowns/1", EDITOR, "takedown.save", "/desk/takedowns/1/change"),
    Offer("/desk/takedowns/1", EDITOR, "takedown.withdraw_go", "/desk/takedowns/1/note"),
    Offer("/desk/takedowns/1", APPROVER, "takedown.send_go", "/desk/takedowns/1/sent"),
    Offer("/desk/bulletins", EDITOR, "bulletins.draft_go", "/desk/bulletins/draft"),
    Offer("/desk/bulletins", EDITOR, "bulletins.alert_go", "/desk/bulletins/alert"),
    Offer("/desk/bulletins/1", EDITOR, "bulletins.sign_go", "/desk/bulletins/1/sign"),
    Offer("/desk/bulletins/1", EDITOR, "bulletins.edit_go", "/desk/bulletins/1/edit"),
    Offer("/desk/bulletins/1", EDITOR, "bulletins.test_go", "/desk/bulletins/1/test"),
    Offer("/desk/bulletins/1", EDITOR, "bulletins.cancel", "/desk/bulletins/1/do"),
    Offer("/desk/bulletins/2?part=all", APPROVER, "bulletins.order_go", "/desk/bulletins/2/order"),
    Offer("/desk/hubs", ADMIN, "hubs.add", "/desk/hubs/add"),
    Offer("/desk/hubs/1", EDITOR, "hubs.save", "/desk/hubs/1/edit"),
    Offer("/desk/hubs/1", ADMIN, "hubs.code_member", "/desk/hubs/1/code"),
    Offer("/desk/knowledge", EDITOR, "knowledge.new_entry", "/desk/knowledge/new/entry", opens=True),
    Offer("/desk/knowledge", EDITOR, "knowledge.export", "/desk/knowledge/export", opens=True),
    Offer(_KNOWN, EDITOR, "knowledge.change", f"{_KNOWN}/change", opens=True),
    Offer(_KNOWN, EDITOR, "knowledge.retire", f"{_KNOWN}/retire"),
    Offer("/desk/people", ADMIN, "people.make", "/desk/people/add"),
    Offer("/desk/people", ADMIN, "people.save_role", "/desk/people/change"),
    Offer("/desk/people", ADMIN, "people.reset", "/desk/people/reset"),
    Offer("/desk/people", ADMIN, "people.lift", "/desk/people/lift"),
)


async def furnished(house: House) -> None:
    """One of everything: a case found a scam, with a warning and a take-down of it; one that waits, with a report that counts and
    one that is hidden; a hub; a bulletin to sign and one to order."""
    foundation, knowledge = house.bot.store.foundation, house.bot.ports.knowledge
    case = await scam_case(house)
    warning = Proposal(case, Marking.GREEN, timedelta(days=30), [Subject("domain", DOMAIN)])
    await CampaignBook(foundation).propose(warning, MALI)
    await Takedowns(foundation).prepare(case, Wish(RecipientKind.REGISTRAR, (Ask.REMOVE,)), MALI)
    await reported(house.bot.store, knowledge, 4, 5, text=OTHER)
    cases = CaseBook(foundation)
    [waiting] = (await cases.queue()).rows
    await cases.hide_reporter(waiting.id, (await cases.case(waiting.id)).reports[0].number, MALI, "ส่งทุกนาที")
    await house.bot.store.hubs.add(HUB, OPERATOR)
    add_subscribers(house.settings.database_url, "telegram", 1)
    editorial = _editorial(house)
    await editorial.alert(ENTRY, OPERATOR)
    month = await editorial.draft(Month.of(foundation.today()), OPERATOR)
    add_officials(house.settings.database_url, [("Dao", Role.EDITOR), ("Ek", Role.APPROVER)])
    for name in ("Dao", "Ek"):
        await editorial.sign(month, name, "scams go on")


def _offered(page: Page, words: str) -> Locator:
    return page.locator("a, button, summary").filter(has_text=re.compile(rf"^\s*{re.escape(words)}"))


async def test_a_page_offers_to_each_role_what_it_may_do_and_nothing_else(house, browser):
    await furnished(house)
    for role, language in zip(Role, (Language.THAI, Language.ENGLISH, Language.THAI, Language.ENGLISH), strict=True):
        async with desk_page(browser, house, role, "/desk", name=f"a {role.value}", language=language) as page:
            for path, offers in groupby(OFFERS, lambda offer: offer.path):
                await page.goto(house.url + path)
                for offer in offers:
                    found = await _offered(page, offer.words(language)).count()
                    assert bool(found) is role.may(offer.least), (role, offer)
                # Who only reads can send nothing but their language and their good-bye.
                if role is Role.READER:
                    assert await page.locator("main form[method=post]").count() == 0, path


GO = "(path) => { location.href = path; }"
# Sends the form that every page has to another address: all is in order with it but the role.
FORGE = "(path) => { const form = document.querySelector('form[action=\"/desk/language\"]'); form.action = path; form.submit(); }"


@pytest.mark.parametrize("role", [READER, EDITOR, APPROVER])
async def test_whoever_goes_to_the_address_all_the_same_is_kindly_told_no(house, browser, role):
    await furnished(house)
    way = WAYS["keyboard"]
    async with at_work(browser, house, way, role, "Cat", above=False) as cat:
        own = len(rows(house.settings.database_url, "audit"))
        for offer in (each for each in OFFERS if not role.may(each.least)):
            async with cat.page.expect_navigation(wait_until="load") as going:
                await cat.page.evaluate(GO if offer.opens else FORGE, offer.leads)
            assert (await going.value).status == 403, offer
            said = " ".join((await cat.page.locator("main").inner_text()).split())
            assert said == " ".join(cat.say(f"refused.{each}") for each in ("title", "403", "back")), offer
        await cat.goes(cat.say("refused.back"))
        await cat.reads(cat.say("nav.today"))
    assert len(rows(house.settings.database_url, "audit")) == own and acts(house, "Cat") == []
