"""What we lean on: locked by hash, told of by name and version, asked about known weaknesses."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import tomllib
from pathlib import Path

import pytest
from aiohttp import web
from conftest import ROOT, free_port

LOCKS = ("requirements.lock", "requirements-dev.lock")
TOOLS = Path(sys.executable).parent


def packages(lock: str) -> dict[str, str]:
    """Every package of a lock with its version, and with what makes it another one elsewhere left out."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;\\]+)", text, re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_locked_by_hash(lock: str) -> None:
    pieces = re.split(r"\n(?=\S)", (ROOT / lock).read_text(encoding="utf-8").strip())
    assert len(pieces) == len(re.findall(r"^\S+==", "\n".join(pieces), re.MULTILINE)) > 50
    for piece in pieces:
        assert re.match(r"[\w.-]+(?:\[[\w,]+\])?==\S+", piece) and "--hash=sha256:" in piece, piece[:60]
        assert "://" not in piece, "names, versions and hashes only"


def test_everything_that_the_project_asks_for_is_in_the_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for lock, asked in ((LOCKS[0], project["dependencies"]), (LOCKS[1], project["optional-dependencies"]["dev"])):
        known = {_plain(name) for name in packages(lock)}
        assert {_plain(re.split(r"[\[<>=;]", each)[0].strip()) for each in asked} <= known, lock


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def recipe(target: str) -> str:
    """What `make TARGET` runs, its last line."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert found
    return found[1].strip().splitlines()[-1].strip()


@pytest.mark.slow
async def test_the_bill_of_materials_names_every_package_of_the_lock(tmp_path: Path) -> None:
    made = tmp_path / "sbom.json"
    words = recipe("sbom").replace("$(BIN)", str(TOOLS)).replace("var/sbom.json", str(made)).split()
    status, said = await ended(*words)
    assert status == 0, said
    bill = json.loads(made.read_text(encoding="utf-8"))
    assert bill["bomFormat"] == "CycloneDX"
    told = {each["name"]: each for each in bill["components"]}
    for name, version in packages("requirements.lock").items():
        assert told[name]["version"] == version, name
        assert any(
            each["alg"] == "SHA-256" for place in told[name]["externalReferences"] for each in place["hashes"]
        ), name


LOCK = "".join(
    f"{name}==1.0 --hash=sha256:{letter * 64}\n"
    for name, letter in (("alpha-of-the-test", "a"), ("beta-of-the-test", "b"))
)


async def test_a_found_advisory_fails_and_no_network_does_not(tmp_path: Path) -> None:
    lock = tmp_path / "some.lock"
    lock.write_text(LOCK, encoding="utf-8")

    async def known(request: web.Request) -> web.Response:
        """An advisory service that knows of one weakness."""
        asked = (await request.json())["package"]["name"]
        package = {"name": asked, "ecosystem": "PyPI"}
        ranges = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}]
        weakness = {
            "id": "TEST-2026-1",
            "summary": "a hole",
            "published": "2026-01-01T00:00:00Z",
            "modified": "2026-01-01T00:00:00Z",
            "affected": [{"package": package, "ranges": ranges, "versions": ["1.0"]}],
        }
        return web.json_response({"vulns": [weakness]} if asked.startswith("alpha") else {})

    app = web.Application()
    app.router.add_post("/query", known)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    # One that nobody takes when it is free again.
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    audit = (sys.executable, str(ROOT / ".ci" / "audit.py"), str(lock), "--vulnerability-service", "osv", "--osv-url")
    status, said = await ended(*audit, f"http://127.0.0.1:{port}/query")
    assert status == 1 and "alpha-of-the-test 1.0: TEST-2026-1" in said and "mended in 1.1" in said, said
    await runner.cleanup()
    status, said = await ended(*audit, f"http://127.0.0.1:{port}/query")
    assert status == 0 and "NOT AUDITED: no advisory service reachable" in said, said


async def ended(*words: str) -> tuple[int, str]:
    """How a program ended, and what it said."""
    process = await asyncio.create_subprocess_exec(
        *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said = (await process.communicate())[0].decode()
    return process.returncode or 0, said


def test_the_checks_ask_for_weaknesses_of_ours_and_of_others() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    check = re.search(r"^check:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert check and "bandit" in check[1] and ".ci/audit.py requirements.lock" in check[1]
    assert "skips" not in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["bandit"]
