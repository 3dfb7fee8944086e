"""What the threat model promises and no other test held: see docs/security.md, which names the test for each threat."""

from __future__ import annotations

import ast
import asyncio
import csv
import importlib
import io
import json
import logging
import pkgutil
import re
import stat
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from conftest import ROOT, House, house_of
from desk_cast import at_desk
from doubles import Fault
from qr_maker import square
from store_cast import NOON
from test_desk_attacks import forms_of, inside
from test_dialogue import SCAM
from test_web import post, signed
from yarl import URL

import bot
import content
import handlers
import scheduler
from bot import exporting, line, logs
from bot.settings import LogFormat, Settings
from bot.store.upkeep import REPORT_COLUMNS
from bot.webform import LARGEST_UPLOAD
from content import loading
from content.cleaning import readable, skeleton
from content.knowledge import Knowledge
from content.verdict import judge
from handlers.masking import masked
from handlers.officials import Role

SOURCES = {path: path.read_text(encoding="utf-8") for top in ("bot", "content", "handlers", "scheduler") for path in sorted((ROOT / top).rglob("*.py"))}  # fmt: skip


# --- the page itself -------------------------------------------------------------------------------------------------------
def table_of_threats() -> list[list[str]]:
    """The rows of the table of threats: threat, what stands against it, tests."""
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = page.partition("## Threats\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in row.strip().strip("|").split("|")]
        for row in section.splitlines()
        if row.startswith("|")
    ]
    return rows[2:]


def test_every_threat_names_tests_that_exist() -> None:
    threats = table_of_threats()
    assert len(threats) >= 30
    for threat, against, tests in threats:
        assert threat and against, threat
        named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", tests)
        assert named, f"nothing holds: {threat}"
        for file, name in named:
            text = (ROOT / "tests" / file).read_text(encoding="utf-8")
            assert re.search(rf"^(?:async )?def {name}\(", text, re.MULTILINE), (threat, file, name)


# --- logs ------------------------------------------------------------------------------------------------------------------
NASTY = "U1\r\n2026-11-22 [error    ] all is well\x1b[2J\x1b]0;title\x07\u202e\u2028\u2029\x85\x00 end"


@pytest.mark.parametrize("form", list(LogFormat))
def test_nothing_from_outside_begins_a_line_or_steers_a_terminal(
    form: LogFormat, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.set_up(Settings(_env_file=None, log_format=form, log_level="debug"))  # type: ignore[call-arg]
    ours, theirs = structlog.get_logger(), logging.getLogger("a.library")
    word = "คำของชาวบ้าน"
    ours.warning(NASTY, name=NASTY, items=[NASTY], long="x" * 100_000)
    theirs.warning("it says %s", NASTY)
    theirs.error("one line\nTraceback: %s", word)
    try:
        raise ValueError(word)
    except ValueError:
        ours.exception("ours")
        theirs.exception("theirs")
        theirs.error("in passing", exc_info=True, stack_info=True)
    told = capfd.readouterr().err
    assert len(told.splitlines()) == told.count("\n") == 6, "one line for each"
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", told)
    assert word not in told and "Traceback" not in told and len(told) < 6_000
    assert told.count("ValueError") == 3, "what kind of fault, and where, is told"


def test_odd_ids_and_kinds_of_a_webhook_are_one_line_each(capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up(Settings(_env_file=None, log_level="debug"))  # type: ignore[call-arg]
    event = {"type": NASTY, "webhookEventId": NASTY, "source": {"type": "user", "userId": "U1"}}
    line.read({"events": [event, {**event, "type": "message", "message": {"type": NASTY}}]}, NOON)
    told = capfd.readouterr().err
    assert told.count("\n") == len(told.splitlines()) <= 2 and "\x1b" not in told and "\u202e" not in told


# --- secrets -----------------------------------------------------------------------------------------------------------------
CANARIES = {
    "secret_key": "canary-secret-key-3f9a1c77",
    "line_channel_secret": "canary-line-secret-88d1e0aa",
    "line_channel_access_token": "canary-line-token-51b7c2de",
}
WORD = "ถ้อยคำนกขมิ้นของชาวบ้าน"


@dataclass
class Witness:
    """Whatever anybody outside gets to see."""

    seen: list[str] = field(default_factory=list)

    async def ask(self, house: House, method: str, path: str, **more: Any) -> int:
        async with house.http.request(method, URL(house.url + path, encoded=True), **more) as answer:
            self.seen += [await answer.text(errors="replace"), str(answer.headers)]
            return answer.status


async def test_no_secret_and_no_word_of_a_citizen_shows_whatever_breaks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    witness = Witness()
    async with house_of(tmp_path, log_level="debug", **CANARIES) as house:
        house.line.secret = CANARIES["line_channel_secret"]
        text = f"{WORD} {SCAM['th']}"
        await _platforms_fail(house, text)
        await _odd_requests(house, witness, text)
        whole = house.bot.ports.knowledge
        house.bot.ports.knowledge = replace(whole, scorecard=None)  # type: ignore[arg-type]
        assert "1441" in (await house.line.says("Ubroken", text)).text
        assert await witness.ask(house, "POST", "/api/v1/check", json={"text": text}) == 500
        house.bot.ports.knowledge = None  # type: ignore[assignment]
        for path in ("/", "/bulletins/2026-10", "/desk/knowledge", "/score"):
            await witness.ask(house, "GET", path)
        assert await witness.ask(house, "POST", "/chat", data={"text": text}) == 500
        house.bot.ports.knowledge = whole
        async with at_desk(house, Role.ADMIN) as admin:
            house.bot.store.close()
            for path in ("/desk/queue", "/desk/people", "/desk/case/1"):
                witness.seen.append((await admin.get(path)).text)
        assert await witness.ask(house, "POST", "/chat", data={"text": text}) == 200
        assert await house.line.send(house.line.text_event("Ugone", text)) == 503
        await witness.ask(house, "GET", "/health/ready")
        await witness.ask(house, "GET", "/metrics")
        secrets = {**CANARIES, "telegram token": house.telegram.token, "telegram secret": house.telegram.secret}
    told = "".join(capfd.readouterr())
    assert "a turn failed" in told and "could not" in told, "the faults were told of"
    for name, secret in secrets.items():
        assert secret not in told, f"{name} stands in the log"
        assert not any(secret in page for page in witness.seen), f"{name} was shown"
    assert WORD not in told and "Traceback" not in told
    for page in witness.seen:
        assert "Traceback" not in page and str(ROOT) not in page and "sqlite3" not in page


async def _platforms_fail(house: House, text: str) -> None:
    """Every way in which sending goes wrong; each message is answered in the end or given up."""
    faults = (
        Fault(500),
        Fault(429),
        Fault(400),
        Fault(401),
        Fault(403),
        Fault(200, "<html>not json"),
        Fault(0),
        Fault(502, "", accepted=True),
    )
    for number, fault in enumerate(faults):
        house.line.fault(replace(fault, only="reply"))
        await house.line.send(house.line.text_event(f"Ufault{number}", text))
        house.telegram.fault(replace(fault, only="sendMessage"))
        await house.telegram.send(house.telegram.update(message=house.telegram.message(900 + number, text)))
    await house.line.until_called("reply", len(faults), 30)
    await house.telegram.until_called("sendMessage", len(faults), 30)
    house.line.clear_faults()
    house.telegram.clear_faults()


async def _odd_requests(house: House, witness: Witness, text: str) -> None:
    body = json.dumps({"events": [{"type": 7, "webhookEventId": text}, 5]}).encode()
    assert await post(house, "/webhooks/line", body, signed(house, body)) == 200
    assert await post(house, "/webhooks/line", text.encode(), signed(house, text.encode())) == 400
    assert await post(house, "/webhooks/line", body, {"X-Line-Signature": CANARIES["line_channel_secret"]}) == 401
    for method, path in (
        ("GET", "/webhooks/line"), ("GET", "/nothing/%00"), ("POST", "/api/v1/check"), ("PUT", "/chat"), ("GET", "/hub/page/x"),
        ("GET", "/bulletins/feed.x"), ("GET", "/desk/welcome/x"), ("GET", "/api/v1/openapi.json"), ("GET", "/static/../app.py"),
    ):  # fmt: skip
        assert await witness.ask(house, method, path, data=text) < 500, path


# --- links of citizens -------------------------------------------------------------------------------------------------------
@asynccontextmanager
async def trap() -> AsyncIterator[tuple[str, list[str]]]:
    """An address that must never be opened, and who came."""
    came: list[str] = []

    async def caught(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(repr(await reader.read(200)))
        writer.close()

    server = await asyncio.start_server(caught, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", came
    finally:
        server.close()


async def test_no_link_of_a_citizen_is_ever_opened(house: House) -> None:
    async with trap() as (address, came):
        link, scam = f"{address}/pay", f"{SCAM['th']} {address}/form"
        code = io.BytesIO()
        square(link, 8).resize((480, 480)).save(code, "PNG")
        hidden = [{"type": "text_link", "offset": 0, "length": 3, "url": link}]
        external = {"type": "external", "originalContentUrl": link, "previewImageUrl": link}
        await asyncio.gather(
            *(house.line.says(f"Ulink{n}", text) for n, text in enumerate((link, scam, f"รับสิทธิ์ {link} ภายในวันนี้"))),
            *(
                house.telegram.says(910 + n, text, link_preview_options={"url": link})
                for n, text in enumerate((link, scam))
            ),
            house.telegram.says(901, "กดดูรายละเอียดการรับเงินที่นี่", entities=hidden),
            house.line.shows("Upicture", code.getvalue()),
            house.line.sends("Uexternal1", "image", contentProvider=external),
            house.line.sends("Uexternal2", "video", contentProvider=external),
        )
        for words in ("รายงาน", "ยินยอม", scam):
            await house.line.says("Ureporter", words)
        async with house.http.post(f"{house.url}/api/v1/check", json={"text": scam}) as answer:
            assert answer.status == 200
        async with house.http.post(f"{house.url}/chat", data={"text": scam, "fragment": "1"}) as answer:
            assert answer.status == 200
        async with at_desk(house, Role.ADMIN) as admin:
            for path in ("/desk", "/desk/queue", "/desk/case/1", "/desk/trends", f"/desk/knowledge?q={link}"):
                page = await admin.get(path)
                assert page.status == 200 and f'href="{address}' not in page.text and f'src="{address}' not in page.text
        assert came == []
        with suppress(aiohttp.ClientError):
            await house.http.get(link)
        assert came, "the trap itself works"


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_no_form_of_the_desk_opens_what_is_written_into_it(house: House) -> None:
    """Cases, take-downs, campaigns, bulletins, knowledge: every field of every form there is."""
    async with trap() as (address, came), at_desk(house, Role.ADMIN, "Admin") as admin:
        link = f"{address}/form"
        for words in ("รายงาน", "ยินยอม", f"{SCAM['th']} {link}"):
            await house.line.says("Ureporter", words)
        proof = await admin.proof()
        for action, given, free in forms_of(await inside(admin)):
            answer = await admin.send(action, {**given, **dict.fromkeys(free, link)}, csrf=proof)
            assert answer.status < 500, action
        for path, seen in await inside(admin):
            assert f'href="{address}' not in seen.text and f'src="{address}' not in seen.text, path
        assert came == []


# Who may speak to the world, and to whom.
WAYS_OUT = {
    "bot/line.py": "LINE's own address, from the settings",
    "bot/line_setup.py": "the same",
    "bot/telegram_client.py": "Telegram's own address, from the settings",
    "bot/bulletin_senders.py": "LINE's own address, from the settings",
    "bot/partners/addresses.py": "nobody: it looks up where a partner's webhook leads, and refuses what lies within",
    "bot/partners/sending.py": "addresses that an operator registered for partners, https and outside only",
    "bot/bench.py": "nobody: it measures this machine",
}
OPENERS = re.compile(r"^\s*(?:import|from) (?:aiohttp|httpx|requests|urllib3?\.request|http\.client|ftplib|smtplib|telnetlib)\b|open_connection\(|create_connection\(", re.MULTILINE)  # fmt: skip


def test_who_can_speak_to_the_world_is_known_by_name() -> None:
    found = {path.relative_to(ROOT).as_posix() for path, text in SOURCES.items() if OPENERS.search(text)}
    assert found <= set(WAYS_OUT), f"says to whom it speaks, in WAYS_OUT: {sorted(found - set(WAYS_OUT))}"


# --- other people's addresses --------------------------------------------------------------------------------------------------
async def test_no_link_is_made_of_what_a_request_calls_us(house: House) -> None:
    forged = {
        "Host": "evil.example",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
    }
    paths = ("/", "/score", "/bulletins", "/bulletins/feed.atom", "/bulletins/feed.rss", "/hub/page/x", "/api/v1/docs", "/api/v1/openapi.json", "/desk", "/desk/sign-in")  # fmt: skip
    async with at_desk(house, Role.ADMIN) as admin:
        for path in (
            *paths,
            "/desk/people",
            "/desk/hubs",
            "/static",
            "/desk/static",
            "/score/",
            "/bulletins/",
            "/api/v1/check/",
        ):
            async with admin.http.get(house.url + path, headers=forged, allow_redirects=False) as answer:
                assert "evil.example" not in await answer.text() + str(answer.headers), path


async def test_a_name_of_a_file_breaks_no_header(house: House) -> None:
    for path in (
        "/hub/table/x%0d%0aSet-Cookie:%20a=b.csv",
        "/bulletins/2026-10%0d%0aX:%20y/poster.pdf",
        "/desk/bulletins/1/materials/x%0d%0aX:%20y",
    ):
        async with house.http.get(URL(house.url + path, encoded=True), allow_redirects=False) as answer:
            assert "X" not in answer.headers and "a=b" not in answer.headers.get("Set-Cookie", "")
            assert answer.status < 500


# --- how secrets are compared, and what is built from words ----------------------------------------------------------------------
SECRET_NAMES = re.compile(r"(?:^|_)(?:secret|signature|proof|csrf|digest|mac|api_key)s?$|^(?:expected|token|password)$")
# A reply token is LINE's name for a message, a password's emptiness is no secret, and a digest of what is public none either.
NO_SECRET = {
    ("bot/store/campaigns.py", "digest"),
    ("bot/line.py", "token"),
    ("bot/desk/signin.py", "password"),
    ("bot/credentials.py", "password"),
}


def test_secrets_are_compared_in_constant_time() -> None:
    found = []
    for path, text in SOURCES.items():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Compare) and any(isinstance(each, ast.Eq | ast.NotEq) for each in node.ops):
                sides = [node.left, *node.comparators]
                if any(isinstance(each, ast.Constant) for each in sides):
                    continue
                names = {name for each in sides if (name := _name(each)) and SECRET_NAMES.search(name)}
                where = path.relative_to(ROOT).as_posix()
                found += [f"{where}:{node.lineno} {name}" for name in names if (where, name) not in NO_SECRET]
    assert found == [], "use hmac.compare_digest"


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


# Names of tables and settings of a connection take no placeholders; each is one of our own constants.
NAMES_OF_OURS = {
    "bot/store/database.py": "settings of the connection",
    "bot/store/backing_up.py": "the tables of our own schema, counted",
    "bot/store/copy_sqlite.py": "triggers, by the names that SQLite gives",
    "bot/store/copy_tables.py": "the tables of our own schema",
    "bot/open_data_files.py": "tables and columns that the module itself names, in a file of its own",
}


def test_no_query_is_put_together_from_words() -> None:
    """Queries stand in files; what a query is given goes beside it, never into it."""
    found = []
    for path, text in SOURCES.items():
        for node in ast.walk(ast.parse(text)):
            called = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("execute", "executemany", "executescript")
            )
            if called and isinstance(node, ast.Call) and node.args:
                first = node.args[0]
                if isinstance(first, ast.BinOp | ast.JoinedStr) or (
                    isinstance(first, ast.Call) and _name(first.func) == "format"
                ):
                    found.append(f"{path.relative_to(ROOT).as_posix()}:{node.lineno}")
    assert [each for each in found if each.partition(":")[0] not in NAMES_OF_OURS] == []


def test_every_exception_for_the_security_checks_says_which_and_why() -> None:
    for path, text in SOURCES.items():
        for number, words in enumerate(text.splitlines(), 1):
            if "# nosec" in words:
                told = words.split("# nosec", 1)[1]
                assert re.match(r" B\d{3}(?:,? B\d{3})*", told), f"{path}:{number} names no check"
                assert len(re.findall(r"\w{2,}", words.split("#", 1)[1])) >= 5, f"{path}:{number} says no reason"


# --- files and caches --------------------------------------------------------------------------------------------------------------
def test_a_cache_that_others_could_have_written_is_not_opened(tmp_path: Path, knowledge: Knowledge) -> None:
    # Other tests keep knowledge of their own there, and the oldest goes.
    loading.load()
    made = max(loading.CACHE.glob(f"{knowledge.version}-*.pickle"), key=lambda path: path.stat().st_mtime)
    cache = tmp_path / "knowledge"
    cache.mkdir(mode=0o755)
    kept = cache / made.name
    kept.write_bytes(made.read_bytes())
    kept.chmod(0o644)
    assert loading.kept(loading.FOLDER, cache) is not None
    for path, mode in ((kept, 0o666), (kept, 0o620), (cache, 0o777)):
        before = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode)
        assert loading.kept(loading.FOLDER, cache) is None, oct(mode)
        path.chmod(before)
    kept.write_bytes(b"cos\nsystem\n(S'touch planted'\ntR.")
    kept.chmod(0o666)
    assert loading.kept(loading.FOLDER, cache) is None and not Path("planted").exists()


def test_what_we_keep_to_be_opened_again_is_for_our_hands_only(knowledge: Knowledge) -> None:
    for path in (loading.CACHE, *loading.CACHE.glob("*.pickle")):
        with suppress(FileNotFoundError):  # the oldest goes while others keep theirs
            assert stat.S_IMODE(path.stat().st_mode) & 0o022 == 0, path.name


FORMULAS = (
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =cmd|'/c calc'!A0", "\u00a0=1", "\u200b=1", "\ufeff=1", "＝1+1", "＋1", "－1", "＠x", "\n=1", "' =1", "\x0b=1", "|=1", "x\r=1", "x\r\n=1",
)  # fmt: skip


async def test_no_cell_of_any_export_is_a_formula() -> None:
    async def given() -> AsyncIterator[dict[str, str]]:
        for formula in FORMULAS:
            yield dict.fromkeys(REPORT_COLUMNS, formula)

    out = io.StringIO(newline="")
    await exporting.write(given(), "csv", out)
    rows = list(csv.reader(io.StringIO(out.getvalue(), newline="")))
    assert len(rows) == len(FORMULAS) + 1
    starts = re.compile(r"^[\s\u200b\ufeff\u00a0]*[=+\-@＝＋－＠]")
    for row in rows[1:]:
        assert not any(starts.match(cell) for cell in row), row[0]


def test_every_table_that_leaves_us_is_made_harmless() -> None:
    """Whoever writes CSV or workbooks does it with the one function that knows what a formula is."""
    writers = [path for path, text in SOURCES.items() if re.search(r"csv\.(?:writer|DictWriter)\(|Workbook\(", text)]
    assert len(writers) >= 4
    for path in writers:
        text = SOURCES[path]
        assert "harmless" in text or "exporting" in text, f"{path.relative_to(ROOT)} writes tables without it"


# --- size and time -------------------------------------------------------------------------------------------------------------------
async def test_an_endless_upload_is_let_go_of_early(house: House) -> None:
    """Without a length told beforehand, in pieces: what is taken in stays within what a form may hold."""
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        yield b'--x\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n\r\n'
        while given < 10 * LARGEST_UPLOAD:
            given += 65_536
            yield b"\x89" * 65_536

    with suppress(aiohttp.ClientError):
        async with house.http.post(
            f"{house.url}/chat", data=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"}
        ) as answer:
            assert answer.status == 413
    assert given < 3 * LARGEST_UPLOAD
    async with house.http.get(f"{house.url}/health/live") as answer:
        assert answer.status == 200


PIECES = (
    "a", "A", "1", "0", " ", "\n", "\t", "-", ".", "_", "/", "@", ":", "+", "(", "[", "<", "ก", "็", "๑", "\u200b", "=", "%", "*", "\\", "'", "&", "#", "?", "0-", "a.", "1-", "a@", "a@a.",
    "http://", "www.", "a1", "1 ", " a", ".a", "line id", "ไลน์ไอดี ", "0812345678", "บาท", "โอน", "<b", "{x}", "[[", "**", "A-", "x.co/", "เลขบัตร ", "081-", "1,000", "@a-",
)  # fmt: skip
LENGTH = 2_000
# A pattern that looks at each letter a few times takes a hundredth of this on the slowest machine that we know.
MOST_SECONDS = 0.5


def hostile(*, all_forms: bool = False) -> Iterator[str]:
    for piece in PIECES:
        repeated = piece * (LENGTH // len(piece))
        yield f"x{repeated}\x00"
        if all_forms:
            yield from (repeated, f"{repeated}!", f"x{repeated}é")


def patterns() -> dict[str, re.Pattern[Any]]:
    """Every regular expression that a module of ours keeps."""
    found: dict[str, re.Pattern[Any]] = {}
    for top in (content, handlers, scheduler, bot):
        for module in pkgutil.walk_packages(top.__path__, f"{top.__name__}."):
            if module.name.endswith("__main__") or ".bench" in module.name:
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                each = value if isinstance(value, dict) else {"": value}
                found |= {f"{module.name}.{name}{key}": one for key, one in each.items() if isinstance(one, re.Pattern)}
                if isinstance(value, list | tuple):
                    found |= {
                        f"{module.name}.{name}[{n}]": one for n, one in enumerate(value) if isinstance(one, re.Pattern)
                    }
    return found


@pytest.mark.slow
def test_no_regular_expression_of_ours_runs_away() -> None:
    known = {(each.pattern, each.flags): name for name, each in patterns().items() if isinstance(each.pattern, str)}
    assert len(known) > 100
    texts = list(hostile())
    for (pattern, flags), name in known.items():
        every = re.compile(pattern, flags)
        for text in texts:
            began = time.process_time()
            every.search(text)
            every.fullmatch(text)
            assert time.process_time() - began < MOST_SECONDS, (name, text[:20])


@pytest.mark.slow
def test_no_text_of_two_thousand_letters_takes_long_to_judge(knowledge: Knowledge) -> None:
    judge("สวัสดี hello", knowledge)
    for text in hostile(all_forms=True):
        for what in (readable, skeleton, masked, lambda words: judge(words, knowledge)):
            began = time.process_time()
            with suppress(handlers.errors.NotMasked):
                what(text)
            assert time.process_time() - began < 2 * MOST_SECONDS, (what, text[:20])
