"""Who works at the demonstration's desk, which partners have keys, and who was slowed down or blocked."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pyotp
from argon2 import PasswordHasher

from bot.credentials import Passwords
from bot.demo_stage import DAYS, Plan, Stage
from bot.partners.scopes import Partner, Scope
from bot.store import audit, filing
from bot.store.audit import OPERATOR
from bot.store.casebook import CaseBook
from bot.store.doorkeeping import Doorkeeping
from bot.store.limits import Limits
from bot.store.officials import Officials
from bot.store.partner_reports import PartnerReports
from bot.store.partners import GRACE, PartnerBook
from bot.store.transaction import Transaction
from content.cleaning import skeleton
from content.models import Language, ScamType
from content.verdict import Level
from handlers.limits import SLOWED_FOR, LimitKind
from handlers.masking import masked
from handlers.messages import Address, CameBy, Details, NewReport, Platform
from handlers.named import named_in
from handlers.officials import Role

# A visitor may sit at each one's desk.
OFFICIALS = {
    Role.EDITOR: "สมหมาย (สาธิต)",
    Role.APPROVER: "วารุณี (สาธิต)",
    Role.ADMIN: "ปรีชา (สาธิต)",
    Role.READER: "อรทัย (สาธิต)",
}
NEWCOMER = "นภา (สาธิต)"
BANK = "ธนาคารตัวอย่าง (สาธิต)"
HELPDESK = "ศูนย์รับสายตัวอย่าง (สาธิต)"
FORMER = "แอปเตือนภัยตัวอย่าง (สาธิต)"
SPAMMER = Address(Platform.WEB, "demo-web-spammer", "demo-web-spammer")
FLOODER = Address(Platform.LINE, "demo-line-flooder", "demo-line-flooder")
SPAM = "ร้านกาแฟหน้าตลาดของคู่แข่งโกงลูกค้าทุกคน อย่าไปซื้อ ช่วยกันแจ้งให้ปิด"
SPAM_REASON = "แจ้งข้อความเดิมเพื่อกลั่นแกล้งร้านค้า"
FLOOD_REASON = "ส่งข้อความซ้ำหลายร้อยครั้งในวันเดียว"
PARTNERS_REPORT = "ลูกค้าส่งข้อความนี้มาถาม: สินเชื่อด่วนอนุมัติไว โอนค่าเปิดระบบก่อน https://easy-job-th.example/loan"
# Nobody signs in by these passwords: they are thrown away, and need not be slow to try.
_QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class People:
    """The officials arrive before the first day; the rest is planned."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._officials = Officials(stage.foundation, Passwords(_QUICK))
        self._partners = PartnerBook(stage.foundation)
        self._plan = Plan(
            stage,
            (85, 10, self._bank),
            (80, 10, self._helpdesk),
            (75, 10, self._former),
            (40, 11, self._rotate),
            (30, 11, self._former_ends),
            (3, 14, self._slow),
            (9, 14, self._partner_reports),
            (7, 13, self._spam),
            (6, 14, self._hide),
            (1, 12, self._newcomer),
            (0, 0, self._come_in),
        )

    async def arrive(self) -> None:
        """Everybody's account, as it is once its owner has followed the link."""
        self._stage.at(DAYS, 9)
        for role, name in OFFICIALS.items():
            invited = await self._officials.add(name, role, OPERATOR, Language.THAI)
            await self._officials.choose(invited.token, secrets.token_urlsafe())
            welcomed = await self._officials.welcomed(invited.token)
            if welcomed is None:
                raise RuntimeError("a link of the story opens nothing")
            moment = int(self._stage.clock.moment.timestamp())
            code = pyotp.TOTP(welcomed.secret).at(moment)
            self._stage.cast[role], _ = await self._officials.finish(invited.token, code)

    async def tell(self, ago: int) -> None:
        """What is planned for the day."""
        await self._plan.tell(ago)

    @property
    def _admin(self) -> str:
        return audit.official(self._stage.cast[Role.ADMIN].name)

    async def _newcomer(self) -> None:
        await self._officials.add(NEWCOMER, Role.READER, self._admin, Language.THAI)

    async def _come_in(self) -> None:
        door = Doorkeeping(self._officials)
        for official in self._stage.cast.values():
            await door.begin(official, "demo")

    # Partners

    async def _bank(self) -> None:
        scopes = (Scope.CHECK, Scope.REPORTS, Scope.FEEDS, Scope.IDENTIFIERS)
        await self._partners.add(BANK, scopes, 600, None, self._admin)

    async def _helpdesk(self) -> None:
        until = self._stage.foundation.now() + timedelta(days=365)
        await self._partners.add(HELPDESK, (Scope.CHECK, Scope.ENTRIES, Scope.ALERTS), 120, until, self._admin)

    async def _former(self) -> None:
        await self._partners.add(FORMER, (Scope.CHECK,), 60, None, self._admin)

    async def _rotate(self) -> None:
        issued = await self._partners.rotate(BANK, None, GRACE, self._admin)
        await self._partners.used(issued.partner)

    async def _former_ends(self) -> None:
        await self._partners.revoke(FORMER, self._admin)

    async def _partner_reports(self) -> None:
        bank = next(each.partner for each in await self._partners.every() if each.partner.name == BANK)
        await self._file_for(bank)

    async def _file_for(self, bank: Partner) -> None:
        reports = PartnerReports(self._stage.foundation)
        report = self._report(PARTNERS_REPORT, Level.KNOWN_SCAM, ScamType.LOAN)

        def tell(number: str) -> Details:
            return Details(number, CameBy.SMS)

        await reports.file(bank, report, tell, "demo-1", {"text": PARTNERS_REPORT})

    # Limits

    async def _slow(self) -> None:
        person = self._stage.foundation.identity.person(FLOODER)
        until = self._stage.foundation.now() + SLOWED_FOR
        limits = Limits(self._stage.foundation)
        await limits.set(person, LimitKind.SLOWED, FLOOD_REASON, self._stage.cast[Role.EDITOR].name, until=until)

    async def _spam(self) -> None:
        foundation = self._stage.foundation

        def work(tx: Transaction) -> None:
            desk = filing.Filing(tx, foundation.identity, foundation.now(), foundation.timezone)
            desk.file(SPAMMER, self._report(SPAM, Level.NOT_KNOWN, None))

        await foundation.database.write(work)

    async def _hide(self) -> None:
        cases = CaseBook(self._stage.foundation)
        for row in (await cases.queue("all", size=200)).rows:
            if row.start.startswith(SPAM[:40]):
                file = await cases.case(row.id)
                number = file.reports[0].number if file else ""
                await cases.hide_reporter(row.id, number, self._stage.cast[Role.EDITOR], SPAM_REASON)
                return

    def _report(self, text: str, level: Level, type_: ScamType | None) -> NewReport:
        return NewReport(
            masked(text), Language.THAI, level, type_, None, self._stage.store.fingerprinter.of(text), skeleton(text),
            named_in(text, self._stage.knowledge.directory),
        )  # fmt: skip
