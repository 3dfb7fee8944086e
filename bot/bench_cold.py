"""From nothing to the first answer: run as a process of its own by the benchmark, `python -m bot.bench_cold [INDEX]`.

With INDEX, a pickled index stands in the place of the knowledge's own. Prints the megabytes in use as JSON.
"""

from __future__ import annotations

import json
import pickle
import resource
import sys
from dataclasses import replace
from pathlib import Path

from content.loading import load
from content.verdict import judge

TEXT = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียมภายในวันนี้ มิฉะนั้นจะถูกส่งกลับต้นทาง"


def main(index: Path | None) -> None:
    knowledge = load()
    if index is not None:
        with index.open("rb") as kept:
            knowledge = replace(knowledge, index=pickle.load(kept))  # noqa: S301  # nosec B301  # written by our parent a moment ago
    level = judge(TEXT, knowledge).level
    print(json.dumps({"level": level.value, "megabytes": peak_megabytes()}))  # noqa: T201 - what the parent reads


def peak_megabytes() -> float:
    """The most memory that this process has held."""
    status = Path("/proc/self/status")
    if status.exists():
        # Not getrusage: on Linux that still counts what our parent held when it started us.
        peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1e3
    # macOS counts in bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
