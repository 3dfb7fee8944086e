"""Known weaknesses in what we lean on: asks an advisory service about every package of the lock.

    python .ci/audit.py [LOCK] [options of pip-audit…]

Ends with 1 for a found advisory and with 0 otherwise. Where no service can be reached it says so and fails nothing: a check
that fails without a network is switched off sooner or later, one that says nothing is believed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MOST_SECONDS = 180


def main(given: Sequence[str]) -> int:
    lock = given[0] if given else "requirements.lock"
    told, complaint = asked(lock, given[1:])
    if told is None:
        print(f"{lock}: NOT AUDITED: no advisory service reachable ({complaint})")
        return 0
    skipped = [each["name"] for each in told if "skip_reason" in each]
    found = [(each, weakness) for each in told for weakness in each.get("vulns", ())]
    for each, weakness in found:
        names = ", ".join([weakness["id"], *weakness.get("aliases", ())])
        mended = " or ".join(weakness.get("fix_versions", ())) or "no version yet"
        print(f"{lock}: {each['name']} {each['version']}: {names}; mended in {mended}")
    if not told or len(skipped) == len(told):
        print(f"{lock}: NOT AUDITED: no advisory service reachable ({len(told)} packages, none could be asked about)")
    elif skipped:
        print(f"{lock}: {len(told) - len(skipped)} packages audited; NOT AUDITED: {', '.join(skipped)}")
    elif not found:
        print(f"{lock}: {len(told)} packages audited, no known weakness")
    return 1 if found else 0


def asked(lock: str, more: Sequence[str]) -> tuple[list[Any] | None, str]:
    """What pip-audit says of each package; None, and why, where it could not ask."""
    command = [str(Path(sys.executable).with_name("pip-audit")), "-r", lock, "--disable-pip", "--require-hashes"]
    command += ["--format", "json", "--progress-spinner", "off", "--timeout", "10", *more]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS, check=False)  # noqa: S603 (our own words)
        told = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return None, f"no answer within {MOST_SECONDS} s"
    except (ValueError, KeyError, TypeError):
        return None, (done.stderr.strip().splitlines() or ["no answer"])[-1][:200]
    return told, ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
