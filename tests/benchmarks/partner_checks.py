"""Ten thousand checks in batches over the API beside the same by `rutan check --jsonl`, on one machine.

    python tests/benchmarks/partner_checks.py [--texts 10000] [--rounds 3]

Both judge the same texts with the same knowledge; the verdicts are compared one by one. The server's start is not counted, the
command's is, and told apart; so is the processor's time, which other work on the machine does not change. While the batches run somebody else asks every 50 ms: how long they wait is told beside what they
wait when nothing else runs.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil

ROOT = Path(__file__).resolve().parents[2]
BATCH = 500


def texts(count: int) -> list[str]:
    """The phrases of all entries, told by people and by scammers, each with something of its own."""
    sys.path.insert(0, str(ROOT))
    from content.loading import load

    known = load()
    said = [
        phrase
        for entry in known.entries.values()
        for phrases in (entry.phrases.scammer, entry.phrases.victim)
        for phrase in (*phrases.th, *phrases.en)
    ]
    return [f"{said[n % len(said)]} {100 + n // len(said)}" for n in range(count)]


def surroundings(folder: Path, port: int) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder}/rutan.db",
        "PORT": str(port),
        "LOG_LEVEL": "error",
        "PYTHONPATH": str(ROOT),
    }


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock on the wall, and of the processor."""

    wall: float
    work: float


def command(folder: Path, asked: list[str], env: dict[str, str]) -> tuple[Spent, list[dict[str, object]]]:
    """What `rutan check --jsonl` takes, and its verdicts."""
    file = folder / "asked.jsonl"
    file.write_text("".join(json.dumps({"id": n, "text": t}) + "\n" for n, t in enumerate(asked)), encoding="utf-8")
    began, worked = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "check", "--jsonl", str(file)],
        capture_output=True,
        text=True,
        env=env,
        cwd=folder,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    work = after.ru_utime + after.ru_stime - worked.ru_utime - worked.ru_stime
    spent = Spent(time.perf_counter() - began, work)
    if done.returncode:
        raise SystemExit(done.stderr)
    return spent, [json.loads(line) for line in done.stdout.splitlines()]


def batches(port: int, key: str, asked: list[str], server: psutil.Process) -> tuple[Spent, list[dict[str, object]]]:
    """What all batches take, one after the other over one connection (work: the server's), and the verdicts."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    results: list[dict[str, object]] = []
    began, worked = time.perf_counter(), sum(server.cpu_times()[:2])
    for start in range(0, len(asked), BATCH):
        given = [{"id": str(start + n), "text": text} for n, text in enumerate(asked[start : start + BATCH])]
        connection.request("POST", "/api/v1/check/batch", json.dumps({"texts": given}), headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise SystemExit(said.decode())
        results += json.loads(said)["results"]
    return Spent(time.perf_counter() - began, sum(server.cpu_times()[:2]) - worked), results


def waits(port: int, over: threading.Event) -> list[float]:
    """How long somebody waits who asks every 50 ms, in milliseconds."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body, headers = json.dumps({"text": "พัสดุตกค้าง กดลิงก์"}), {"Content-Type": "application/json"}
    found = []
    while not over.wait(0.05):
        began = time.perf_counter()
        connection.request("POST", "/api/v1/check", body, headers)
        connection.getresponse().read()
        found.append((time.perf_counter() - began) * 1000)
    return found


def asked_beside(port: int, work: threading.Thread) -> list[float]:
    over = threading.Event()
    found: list[float] = []
    other = threading.Thread(target=lambda: found.extend(waits(port, over)))
    other.start()
    work.start()
    work.join()
    over.set()
    other.join()
    return found


def told(milliseconds: list[float]) -> str:
    ordered = sorted(milliseconds)
    return f"median {statistics.median(ordered):.1f} ms, p99 {ordered[int(len(ordered) * 0.99)]:.1f} ms ({len(ordered)} asked)"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def served(folder: Path, env: dict[str, str], port: int) -> subprocess.Popen[bytes]:
    server = subprocess.Popen([sys.executable, "-m", "bot", "serve"], env=env, cwd=folder)
    for _ in range(600):
        try:
            with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2) as answer:
                if answer.status == 200:
                    return server
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def main() -> None:
    reader = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    reader.add_argument("--texts", type=int, default=10_000)
    reader.add_argument("--rounds", type=int, default=3)
    given = reader.parse_args()
    asked = texts(given.texts)
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        env = surroundings(folder, port)
        server = served(folder, env, port)
        try:
            add = [
                sys.executable,
                "-m",
                "bot",
                "partners",
                "add",
                "bench",
                "--scope",
                "check",
                "--rate",
                "9000000",
                "--json",
            ]
            made = subprocess.run(add, capture_output=True, text=True, env=env, cwd=folder, check=True)
            key = json.loads(made.stdout)["key"]
            measure(folder, port, key, asked, env, given.rounds, psutil.Process(server.pid))
        finally:
            server.terminate()
            server.wait()


def measure(
    folder: Path, port: int, key: str, asked: list[str], env: dict[str, str], rounds: int, server: psutil.Process
) -> None:
    ratios, work = [], []
    for number in range(1, rounds + 1):
        start, _ = command(folder, asked[:1], env)
        alone, verdicts = command(folder, asked, env)
        spent, results = batches(port, key, asked, server)
        same = sum(
            {**result["verdict"], "id": None} == {**verdict, "id": None}  # type: ignore[dict-item]
            for result, verdict in zip(results, verdicts, strict=True)
        )
        ratios.append(spent.wall / alone.wall)
        work.append(spent.work / (alone.work - start.work))
        print(
            f"round {number}: rutan check --jsonl {alone.wall:.2f} s (of which {start.wall:.2f} s to start), batches {spent.wall:.2f} s: "
            f"{ratios[-1]:.2f}×; processor {alone.work:.2f} s ({start.work:.2f} s to start), server {spent.work:.2f} s: "
            f"{work[-1]:.2f}× without the start; {same} of {len(asked)} verdicts the same",
            flush=True,
        )
    idle = asked_beside(port, threading.Thread(target=time.sleep, args=(3,)))
    busy = asked_beside(port, threading.Thread(target=batches, args=(port, key, asked, server)))
    print(f"somebody else waits: {told(idle)} with nothing else, {told(busy)} beside batches")
    print(
        f"median {statistics.median(ratios):.2f}×; of the processor, without the start {statistics.median(work):.2f}×"
    )


if __name__ == "__main__":
    main()
