"""What operators hold in their hands: the page for whoever is on call, units, proxies, containers, alarms, the dashboard. None of
them may say anything that the program does not do."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import resource
import signal
import socket
import sys
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import click
import pytest
import structlog
import yaml
from click.testing import CliRunner, Result
from conftest import ROOT, House, free_port
from doubles import Fault
from outside import Program, program_in
from promql import Scrape, evaluate, names
from store_cast import SOMCHAI, change, rows
from test_web import post, signed

from bot import logs
from bot.cli import rutan
from bot.live_knowledge import GOLDEN
from bot.metrics import CAUSES, REFUSALS, Metrics
from bot.running import SystemClock
from bot.settings import Settings
from bot.store import SqlStore
from bot.web import LARGEST_BODY, routes
from bot.webform import LARGEST_UPLOAD
from handlers.messages import Kind, Message, Platform
from scheduler.jobs import Every, Job

PAGE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
DEPLOY = ROOT / "deploy"
RULES = yaml.safe_load((DEPLOY / "prometheus" / "rutan.rules.yaml").read_text(encoding="utf-8"))["groups"][0]["rules"]
UNITS = sorted((DEPLOY / "systemd").iterdir())
SETTINGS = {name.upper() for name in Settings.model_fields}
# What is no setting of ours: where programs keep their own files, and what only the compose file knows.
SURROUNDINGS = {"HOME", "MPLCONFIGDIR", "PATH"}
# Browsers close idle connections when they like; uvicorn after so many seconds.
UVICORN_KEEPS = 5


def between(begin: str) -> list[list[str]]:
    """The rows of a marked table of the page, cell by cell."""
    table = PAGE.split(f"<!-- {begin}")[1].split("-->", 1)[1].split("<!-- end of", 1)[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


# --- metrics and alarms ------------------------------------------------------------------------------------------------
def documented() -> Iterator[tuple[str, str]]:
    """Each metric as the page names it, with its meaning."""
    for collector in list(Metrics().registry._collector_to_names):
        labels = ",".join(getattr(collector, "_labelnames", ()))
        for metric in collector.collect():
            name = metric.name + ("_total" if metric.type == "counter" else "")
            yield f"`{name}{{{labels}}}`" if labels else f"`{name}`", metric.documentation.rstrip(".")


def test_the_page_names_every_metric_with_its_labels_and_meaning_and_no_other() -> None:
    assert [(row[0], row[1]) for row in between("metrics")] == list(documented())


def test_the_page_names_every_alarm_and_where_to_look() -> None:
    told = [(row[0], row[1], row[2]) for row in between("alarms")]
    assert told == [(rule["alert"], rule["labels"]["severity"], rule["for"]) for rule in RULES]
    assert len({name for name, *_ in told}) == len(told)


def anchors(page: str) -> set[str]:
    """As GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_alarm_says_who_is_woken_and_what_to_do() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert re.fullmatch(r"\d+(s|m|h)", rule["for"]) and rule["annotations"]["summary"]
        page, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert page == "docs/operating.md" and anchor in anchors(PAGE), rule["alert"]
    for text, target in re.findall(r"\[([^\]]+)\]\(([^)]+)\)", PAGE):
        path, _, anchor = target.partition("#")
        assert (ROOT / "docs" / path).exists(), text
        assert path or anchor in anchors(PAGE), text


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DEPLOY / "grafana" / "rutan.json").read_text(encoding="utf-8"))
    return found


def test_the_dashboard_can_be_imported() -> None:
    board = dashboard()
    panels = board["panels"]
    assert board["uid"] == "rutan" and board["schemaVersion"] >= 36 and board["title"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places: set[tuple[int, int]] = set()
    for panel in panels:
        box = panel["gridPos"]
        mine = {(x, y) for x in range(box["x"], box["x"] + box["w"]) for y in range(box["y"], box["y"] + box["h"])}
        assert box["x"] + box["w"] <= 24 and not mine & places, f"{panel['title']} lies on another"
        places |= mine
        if panel["type"] == "row":
            continue
        assert panel["targets"] and panel["fieldConfig"]["defaults"]["unit"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    assert {each["name"] for each in board["templating"]["list"]} == {"source", "job"}


async def scraped(house: House, at: float) -> Scrape:
    async with house.http.get(f"{house.url}/metrics") as answer:
        assert answer.status == 200
        return Scrape(await answer.text(), at)


def firing(*scrapes: Scrape) -> set[str]:
    """The alarms whose condition holds (Prometheus then waits as long as `for` says)."""
    return {rule["alert"] for rule in RULES if evaluate(rule["expr"], scrapes)}


# Conditions that hold in any new house, and fire only after hours.
AT_FIRST = {"RutanNeverBackedUp", "RutanNobodyWrites"}
# Alarms that a busy machine may set off and be right: the seconds that they are about, and how many of them are late.
LATE = {"RutanAnswersSlow": ("rutan_answer_seconds_sum", 5.0), "RutanWebhooksSlow": ("rutan_webhook_seconds_sum", 1.0)}


def alarmed(before: Scrape, after: Scrape) -> set[str]:
    """The alarms that fire, but for those of a slow machine. Where all together took no longer than one may, none was late."""

    def seconds(name: str) -> float:
        first, last = (sum(value for each, _, value in one.samples() if each == name) for one in (before, after))
        return last - first

    return firing(before, after) - {alarm for alarm, (name, late) in LATE.items() if seconds(name) > late}


@pytest.mark.slow
async def test_alarms_fire_on_a_house_with_faults_and_on_no_other(house: House) -> None:
    line, url = house.line, house.settings.database_url
    quiet = await scraped(house, 0)
    known = {name for name, _, _ in quiet.samples()}
    known |= set(re.findall(r"^# TYPE (\S+)", quiet.text, re.MULTILINE))
    asked = {name for rule in RULES for name in names(rule["expr"])}
    asked |= {
        name for panel in dashboard()["panels"] for each in panel.get("targets", ()) for name in names(each["expr"])
    }
    assert asked <= known, "an alarm or a panel asks for what nobody counts"
    assert alarmed(quiet, await scraped(house, 60)) == AT_FIRST

    trouble, enough = asyncio.Event(), asyncio.Event()
    runs = itertools.count()

    async def job() -> None:
        if trouble.is_set():
            # When the fifth begins, four have been counted.
            if next(runs) == 4:
                enough.set()
            raise ValueError("a job that fails")

    house.bot.ticker.add(Job("some job", Every(0.2), job))
    await line.says("U1", "เมนู")
    good = await scraped(house, 120)
    assert alarmed(quiet, good) == {"RutanNeverBackedUp"}

    # LINE is down, somebody guesses signatures, a job fails, a promise is broken, and the answer is ten minutes old.
    trouble.set()
    line.fault(Fault(status=500, only="reply"), times=1_000)
    await line.send(line.text_event("U2", "เมนู"))
    await line.until_called("reply", 3)
    long_ago = (house.bot.ports.clock.now() - timedelta(minutes=10)).isoformat(timespec="microseconds")
    change(url, f"update outbox set received_at = '{long_ago}' where state <> 'sent'")
    for _ in range(25):
        await post(house, "/webhooks/line", b"{}", {"X-Line-Signature": "guessed"})
    change(
        url,
        "insert into cases (state, level, opened_at, last_report_at, promised_at, reporters)"
        " values ('received', 'not_known', '2026-01-01', '2026-01-01', '2026-01-02', 1)",
    )
    await asyncio.wait_for(enough.wait(), 60)
    bad = await scraped(house, 180)
    assert alarmed(good, bad) == {
        "RutanNeverBackedUp", "RutanPlatformDown", "RutanWebhooksForged", "RutanCasesOverdue", "RutanJobsFail",
    }  # fmt: skip

    # The database is gone: nothing is taken in, and everything else is still told.
    house.bot.store.close()
    body = json.dumps({"destination": "U0", "events": [line.text_event("U3", "เมนู")]}).encode()
    assert await post(house, "/webhooks/line", body, signed(house, body)) == 503
    gone = await scraped(house, 240)
    assert {"RutanDatabaseGone", "RutanWebhooksNotKept"} <= firing(bad, gone)
    assert firing(gone, Scrape("", 300)) >= {"RutanDown"}


def test_what_has_not_happened_yet_is_told_as_zero() -> None:
    text = Metrics().text().decode()
    for status in REFUSALS:
        assert f'rutan_refused_total{{platform="line",status="{status}"}} 0.0' in text
    deliver = (ROOT / "handlers" / "exchange.py").read_text(encoding="utf-8").split("async def deliver")[1]
    assert set(re.findall(r'return "(\w+)"', deliver)) <= set(CAUSES)
    for platform in Platform:
        assert f'rutan_answer_seconds_count{{platform="{platform.value}"}} 0.0' in text


# --- the page itself ---------------------------------------------------------------------------------------------------
def test_every_command_and_setting_that_the_page_names_is_there() -> None:
    found = 0
    for words in re.findall(r"`rutan ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*)*)", PAGE):
        group: click.Command = rutan
        for word in words.split():
            if not isinstance(group, click.Group):
                break
            assert word in group.commands, f"rutan {words}"
            group = group.commands[word]
        found += 1
    assert found > 20
    named = set(
        re.findall(r"\b((?:LINE|TELEGRAM|SECRET|DATABASE|PUBLIC|METRICS|TRUSTED|RETENTION|LOG)_[A-Z_]+)\b", PAGE)
    )
    assert {name.removesuffix("_FILE") for name in named} <= SETTINGS


def test_every_command_that_changes_or_keeps_a_house_is_on_the_page() -> None:
    for command in ("backup", "restore", "reseal", "migrate", "waiting list", "waiting drop", "forget", "audit verify"):
        assert f"rutan {command}" in PAGE


# --- systemd -------------------------------------------------------------------------------------------------------------
def unit(path: Path) -> dict[str, list[str]]:
    """The settings of a unit, each with all of its values."""
    found: dict[str, list[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "[")):
            name, sign, value = line.partition("=")
            assert sign and re.fullmatch(r"[A-Z]\w+", name), f"{path.name}: {line}"
            found.setdefault(name, []).append(value)
    return found


HARDENED = {
    "NoNewPrivileges": "yes", "CapabilityBoundingSet": "", "ProtectSystem": "strict", "ProtectHome": "yes",
    "PrivateTmp": "yes", "PrivateDevices": "yes", "ProtectKernelModules": "yes", "ProtectControlGroups": "yes",
    "RestrictNamespaces": "yes", "LockPersonality": "yes", "SystemCallArchitectures": "native", "UMask": "0077",
}  # fmt: skip


@pytest.mark.parametrize("path", [each for each in UNITS if each.suffix == ".service"], ids=lambda path: path.name)
def test_a_service_runs_a_command_of_ours_with_no_privilege(path: Path) -> None:
    told = unit(path)
    for name, value in HARDENED.items():
        assert told.get(name) == [value], f"{path.name}: {name}"
    assert told["User"] == told["Group"] == ["rutan"] and told["WorkingDirectory"] == ["/var/lib/rutan"]
    program, command, *words = told["ExecStart"][0].split()
    assert program == "/opt/rutan/.venv/bin/rutan" and command in rutan.commands
    options = {option for each in rutan.commands[command].params for option in each.opts}
    assert {word for word in words if word.startswith("--")} <= options
    given = {pair.split("=")[0] for line in told.get("Environment", ()) for pair in line.split()}
    assert given - SURROUNDINGS <= SETTINGS
    if command == "serve":
        assert told["Restart"] == ["always"] and int(told["TimeoutStopSec"][0]) > 10, "SIGTERM has ten seconds"
        assert told["RestartPreventExitStatus"] == ["2"], "wrong settings are no reason to try again"
        # The processes that read pictures set themselves bounds.
        assert "@resources" not in told["SystemCallFilter"][-1]


def test_the_door_is_where_the_settings_and_the_proxies_look_for_it() -> None:
    told = unit(DEPLOY / "systemd" / "rutan.socket")
    assert told["ListenStream"] == ["127.0.0.1:8080"] == [f"{Settings.model_fields['host'].default}:{Settings.model_fields['port'].default}"]  # fmt: skip
    assert "rutan.socket" in unit(DEPLOY / "systemd" / "rutan.service")["Requires"]
    assert "server 127.0.0.1:8080" in (DEPLOY / "nginx" / "rutan.conf").read_text()
    assert "{$RUTAN:127.0.0.1:8080}" in (DEPLOY / "caddy" / "Caddyfile").read_text()
    for name in (path.name for path in UNITS):
        assert name in PAGE or name.removesuffix(".service") in PAGE, f"{name} is not on the page"


# --- proxies ---------------------------------------------------------------------------------------------------------------
def test_the_proxies_let_through_what_rutan_takes_and_say_who_calls() -> None:
    nginx = (DEPLOY / "nginx" / "rutan.conf").read_text(encoding="utf-8")
    caddy = (DEPLOY / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    assert nginx.count("{") == nginx.count("}") and caddy.count("{") == caddy.count("}")
    webhooks = nginx.split("location /webhooks/")[1].split("}")[0]
    assert "client_max_body_size 1m;" in webhooks and LARGEST_BODY == 1024 * 1024
    assert "client_max_body_size 12m;" in nginx and "max_size 12MiB" in caddy and LARGEST_UPLOAD <= 12 * 1024 * 1024
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in nginx, "set, and not added to"
    assert "$proxy_add_x_forwarded_for" not in nginx
    kept = [int(seconds) for seconds in re.findall(r"(?:keepalive_timeout|keepalive) (\d+)s", nginx + caddy)]
    assert len(kept) == 2 and max(kept) < UVICORN_KEEPS
    for path in ("/metrics", "/health/ready"):
        assert path in caddy and f"location = {path} {{ allow" in nginx


# --- containers --------------------------------------------------------------------------------------------------------------
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
# Packages of .ci/run that only the tests need.
FOR_TESTS = {"make", "chromium", "fonts-thai-tlwg", "python3", "python3-venv", "npm", "curl", "gcc", "libc6-dev"}
CI_RUN = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
IN_CI = {name for group in re.findall(r"packages\+?=\(([^)]*)\)", CI_RUN) for name in group.split()}


def instructions() -> list[tuple[str, str]]:
    joined = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    return [(line.split()[0], line.split(None, 1)[1].strip()) for line in joined.splitlines() if line.strip()]


def test_the_image_holds_what_it_needs_and_runs_as_nobody_special() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        each for name, rest in instructions() if name == "COPY" and "--from" not in rest for each in rest.split()[:-1]
    }
    assert all((ROOT / each).exists() for each in copied) and copied == allowed
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    assert {each.split(".")[0] for each in packages} <= copied
    assert any(GOLDEN.glob("*.jsonl")) and GOLDEN.relative_to(ROOT).as_posix() in copied, (
        "what the desk tries drafts on"
    )
    stages = [rest for name, rest in instructions() if name == "FROM"]
    assert stages == ["python:3.11-slim-bookworm AS build", "python:3.11-slim-bookworm"], "the same Python in both"
    assert "--require-hashes -r requirements.lock" in DOCKERFILE
    installed = set(re.search(r"--no-install-recommends ([a-z0-9 -]+?) &&", " ".join(rest for _, rest in instructions()))[1].split())  # type: ignore[index]  # fmt: skip
    assert installed == IN_CI - FOR_TESTS
    names_set = [name for name, _ in instructions()]
    assert names_set.index("USER") > names_set.index("RUN") and ("USER", "rutan") in instructions()
    given = {pair.split("=")[0] for name, rest in instructions() if name == "ENV" for pair in rest.split()}
    assert given - SURROUNDINGS <= SETTINGS
    assert "not yet built anywhere" in DOCKERFILE.lower()


def test_a_bare_machine_gets_every_package_that_a_test_asks_for() -> None:
    asked = {
        name
        for path in (ROOT / "tests").glob("*.py")
        for group in re.findall(r"apt-get install ([a-z0-9 -]+)", path.read_text(encoding="utf-8"))
        for name in group.split()
    }
    assert {"curl", "gcc", "chromium"} <= asked <= IN_CI and "export CI=true" in CI_RUN


def test_the_health_checks_ask_a_page_that_there_is(house: House) -> None:
    asked = set(re.findall(r"http://127\.0\.0\.1:\d+(/[\w/]+)", DOCKERFILE + (ROOT / "compose.yaml").read_text()))
    assert asked == {"/health/ready"} <= {route.path for route in routes(house.bot)}


def test_the_compose_file_names_settings_and_files_of_ours() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"web", "work", "postgres", "caddy"}
    for name in ("web", "work"):
        service = services[name]
        given = {each.removesuffix("_FILE") for each in service["environment"]}
        assert given <= SETTINGS and set(service["secrets"]) <= set(COMPOSE["secrets"])
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["command"][0] == "serve"
        assert int(service["stop_grace_period"].removesuffix("s")) > 10
    assert services["work"]["environment"]["METRICS_PORT"] in str(services["work"]["healthcheck"]["test"])
    assert services["work"]["deploy"]["replicas"] == 2
    assert services["web"]["environment"]["TRUSTED_PROXIES"] == services["caddy"]["networks"]["front"]["ipv4_address"]
    for volume in services["caddy"]["volumes"]:
        assert not volume.startswith("./") or (ROOT / volume.split(":")[0]).exists()
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "secrets/" in ignored, "nobody commits a key by accident"
    assert "not yet built anywhere" in (ROOT / "compose.yaml").read_text().lower()


def test_the_door_handed_over_is_taken_and_a_strangers_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    from bot import serving

    monkeypatch.delenv("LISTEN_PID", raising=False)
    assert serving.handed_over() is None
    monkeypatch.setenv("LISTEN_PID", "1")
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert serving.handed_over() is None, "it was meant for another process"
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        assert door.fileno() >= serving.FIRST_HANDED


# --- a house that starts anew, and one whose disk fills ------------------------------------------------------------------
@dataclass
class Configured(Program):
    """A program with settings of its own beside the usual."""

    more: dict[str, str] = field(default_factory=dict)

    def surroundings(self, *, platforms: bool = True) -> dict[str, str]:
        return super().surroundings(platforms=platforms) | self.more

    async def serve_behind(self, door: socket.socket) -> None:
        """Serve at a door that systemd keeps open; returns when it is ready."""
        # The number of the process stands in its surroundings, which only the process itself can put there.
        words = f"exec 3<&{door.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ exec {sys.executable} -m bot serve"
        with (self.folder / "rutan.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                "bash", "-c", words, cwd=self.folder, env=self.surroundings(),
                stdout=log, stderr=log, pass_fds=(door.fileno(),),
            )  # fmt: skip
        await self.ready(self.url)

    async def work(self, port: int) -> asyncio.subprocess.Process:
        """A process that only answers, with its figures at this port; returns when it is ready."""
        with (self.folder / "work.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "serve", "--only", "work", cwd=self.folder,
                env=self.surroundings() | {"METRICS_PORT": str(port)}, stdout=log, stderr=log,
            )  # fmt: skip
        await self.ready(f"http://127.0.0.1:{port}")
        return process

    async def ready(self, url: str) -> None:
        async with asyncio.timeout(120):
            while True:
                with suppress(aiohttp.ClientError):
                    async with self.http.get(f"{url}/health/ready") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)

    def heard(self, person: str) -> int:
        return sum(answer.to == person for answer in self.line.answers)


@asynccontextmanager
async def configured(folder: Path, **more: str) -> AsyncIterator[Configured]:
    async with program_in(folder) as plain:
        program = Configured(folder, plain.line, plain.telegram, plain.http, plain.port, more=more)
        try:
            yield program
        finally:
            if program.process is not None and program.process.returncode is None:
                await program.end(signal.SIGKILL)


@pytest.mark.slow
async def test_an_upgrade_under_load_refuses_nobody_behind_the_door_and_loses_nobody_without_it(tmp_path: Path) -> None:
    """Stop, migrate, start, while people write. Behind systemd's socket nobody is refused; without it some find
    nobody, and the platform brings them again. Either way everybody is answered once."""
    async with configured(tmp_path) as program:
        with socket.socket() as door:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            door.bind(("127.0.0.1", program.port))
            door.listen(512)
            await program.serve_behind(door)
            statuses = await through_a_restart(program, "Ubehind", lambda: program.serve_behind(door))
            # A call that was just being taken in when the process ended may be broken off, and comes again.
            assert NOBODY_THERE not in statuses and statuses.count(BROKEN_OFF) <= WRITERS, "nobody was refused"
            await program.end()
        await program.serve()
        statuses = await through_a_restart(program, "Ualone", program.serve)
        assert 200 in statuses and NOBODY_THERE in statuses, "the restart was long enough to be met"
        for person in [f"{name}{n}" for name in ("Ubehind", "Ualone") for n in range(WRITERS)]:
            assert program.heard(person) == MESSAGES, f"{person} heard {program.heard(person)} answers"


WRITERS, MESSAGES = 3, 6
NOBODY_THERE, BROKEN_OFF = 0, -1


async def through_a_restart(program: Configured, name: str, start: Callable[[], Awaitable[None]]) -> list[int]:
    """People write one message after the other; in the middle the program is stopped, migrates, and starts."""
    statuses: list[int] = []
    going, ended = asyncio.Event(), asyncio.Event()

    async def writes(person: str) -> None:
        for number in range(MESSAGES):
            if number == MESSAGES // 2:
                # However quickly they are answered, the second half meets the restart.
                await ended.wait()
            event = program.line.text_event(person, "เมนู")
            before = len(program.line.answers)
            while (status := await delivered(program, event)) != 200:
                statuses.append(status)
                # As LINE does: the same event once more, later.
                event = event | {"deliveryContext": {"isRedelivery": True}}
                await asyncio.sleep(0.2)
            statuses.append(status)
            going.set()
            await program.line.next_answer(before, person, 60)

    writing = asyncio.gather(*(writes(f"{name}{n}") for n in range(WRITERS)))
    await asyncio.wait_for(going.wait(), 60)
    assert await program.end() < 10
    ended.set()
    if name == "Ubehind":
        assert (await program.rutan("migrate")).code == 0
    await start()
    await writing
    return statuses


async def delivered(program: Configured, event: dict[str, Any]) -> int:
    try:
        return await program.line.send(event)
    except aiohttp.ClientConnectorError:
        return NOBODY_THERE
    except aiohttp.ClientError:
        return BROKEN_OFF


@pytest.mark.slow
async def test_a_process_without_pages_shows_its_figures_and_only_a_named_proxy_is_believed(tmp_path: Path) -> None:
    async with configured(tmp_path, CHECKS_PER_MINUTE="1", TRUSTED_PROXIES="10.77.0.2") as program:
        await program.serve()
        port = free_port()
        worker = await program.work(port)
        try:
            async with program.http.get(f"http://127.0.0.1:{port}/metrics") as answer:
                assert "rutan_database_up 1.0" in await answer.text()
            async with program.http.get(f"http://127.0.0.1:{port}/desk") as answer:
                assert answer.status == 404
        finally:
            worker.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(worker.wait(), 60) == 0
        assert await checked(program, "203.0.113.9") == [200, 200], "anybody may write such a header"


async def checked(program: Configured, address: str) -> list[int]:
    """Two checks that say they come from there."""
    statuses = []
    for _ in range(2):
        given = {"json": {"text": "จริงไหม"}, "headers": {"X-Forwarded-For": address}}
        async with program.http.post(f"{program.url}/api/v1/check", **given) as answer:
            statuses.append(answer.status)
    return statuses


@pytest.mark.slow
async def test_a_full_disk_is_met_kindly_and_everything_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """No file of the process may grow any more: for SQLite what a full disk is, without needing a disk of our own."""
    async with configured(tmp_path) as program:
        await program.serve()
        await program.line.says("Ubefore", "เมนู")
        assert program.process is not None
        log = (tmp_path / "rutan.db-wal").stat().st_size
        resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (log + 4096, resource.RLIM_INFINITY))
        event = program.line.text_event("Uduring", "เมนู " * 2_000)
        refused = [await program.line.send(program.line.text_event(f"U{n}", "x" * 9_000)) for n in range(4)]
        assert set(refused) == {503} and await program.line.send(event) == 503
        async with program.http.post(f"{program.url}/chat?lang=th", data={"text": "เมนู " * 400}) as page:
            assert page.status in (200, 503) and "1441" in (said := await page.text()), said
        async with program.http.get(f"{program.url}/desk/sign-in") as page:
            proof = re.findall(r'name="csrf" value="(\w+)"', await page.text())[0]
        form = {"csrf": proof, "name": "Mali", "password": "x" * 20, "code": "1"}
        async with program.http.post(f"{program.url}/desk/sign-in?lang=en", data=form) as page:
            assert page.status in (401, 503) and "Traceback" not in await page.text()
        for path in ("/health/live", "/health/ready", "/metrics", "/"):
            async with program.http.get(program.url + path) as page:
                assert page.status == 200, f"{path}: what is read goes on"
        resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        before = len(program.line.answers)
        assert await program.line.send(event | {"deliveryContext": {"isRedelivery": True}}) == 200
        await program.line.next_answer(before, "Uduring", 60)
        assert program.heard("Uduring") == 1 and program.heard("Ubefore") == 1
        assert "Traceback" not in program.said()


def test_a_log_that_cannot_be_written_costs_nobody_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard error goes to a file on the disk that is full."""
    with Path("/dev/full").open("w", buffering=1) as full:
        monkeypatch.setattr("sys.stderr", full)
        logs.set_up(Settings(_env_file=None))  # type: ignore[call-arg]
        structlog.get_logger().warning("webhook refused", status=503)
        with pytest.raises(OSError, match="No space left"):
            full.write("what anybody else would meet\n")
        monkeypatch.undo()
        with suppress(OSError):
            full.close()


def test_a_poison_message_is_taken_away_with_an_apology(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/rutan.db"

    async def poisoned() -> int:
        store = SqlStore.open(url, ["a key for tests only, long enough"], SystemClock())
        (taken,) = await store.receive([Message(SOMCHAI, "e1", Kind.TEXT, datetime.now(UTC), text="ข้อความพิษ")])
        store.close()
        return taken.id

    def said(*words: str) -> Result:
        return CliRunner(env={"DATABASE_URL": url, "SECRET_KEY": "a key for tests only, long enough"}).invoke(
            rutan, words
        )

    first = asyncio.run(poisoned())
    unreadable = "('line', 'e2', 'x', '2026-01-01T00:00:00.000000+00:00')"
    change(url, f"insert into inbox (platform, event_id, body, received_at) values {unreadable}")
    listed = json.loads(said("waiting", "list", "--json").stdout)
    assert [(row["id"], row["platform"]) for row in listed] == [(first, "line"), (first + 1, "line")]
    dropped = [said("waiting", "drop", str(first + n)) for n in (0, 0, 1)]
    assert [each.exit_code for each in dropped] == [0, 1, 0]
    assert "apology is on its way" in dropped[0].output and "nobody is told" in dropped[2].output
    assert "ข้อความพิษ" not in "".join(each.output for each in dropped)
    (letter,) = rows(url, "outbox")
    assert (letter["state"], letter["answers"]) == ("waiting", first)
    acts = [(row["act"], row["subject"]) for row in rows(url, "audit")]
    assert acts == [("message apologised for", f"inbox:{first}"), ("message dropped", f"inbox:{first + 1}")]
