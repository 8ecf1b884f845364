"""What ``nntui sweep`` finds and what it costs: ``python -m tests.benchmarks.sweep quality|overhead|scaling|kills``.

quality   the best of 50 trials on the spirals, by TPE and by chance, against the demo ``spirals``, over seeds
overhead  time beside training for trials of about one second, one worker
scaling   two workers against one, beside two bare ``nntui fit`` against one, in the same rounds
kills     200 trials by 4 workers, one of which is killed every 10 seconds (--storage for a database)

Everything runs in a temporary directory; numbers of one machine say little about another, and nothing while
other work goes on beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from nntui.runs.directory import RunDirectory

NNTUI = [sys.executable, "-m", "nntui"]


def sweep(runs: Path, *words: str) -> dict[str, Any]:
    """The document of a search."""
    done = subprocess.run(
        [*NNTUI, "sweep", *words, "--runs", str(runs), "--json"], capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def quality(place: Path, seeds: int, trials: int) -> None:
    """Best values by seed."""
    rows = []
    for seed in range(seeds):
        fit = subprocess.run(
            [*NNTUI, "fit", "spirals", "--seed", str(seed), "--runs", str(place / "demo"), "--json", "--quiet"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        demo = json.loads(fit.stdout)["validation"]["loss"]
        found = {}
        for sampler in ("tpe", "random"):
            result = sweep(
                place / f"{sampler}{seed}", "sweep_spirals", "--seed", str(seed), "--trials", str(trials),
                "--set", f"sweep.sampler={sampler}",
            )  # fmt: skip
            found[sampler] = result["best"]["value"]
        rows.append((demo, found["tpe"], found["random"]))
        print(
            f"seed {seed}: demo {demo:.3g}   tpe {found['tpe']:.3g}   random {found['random']:.3g}",
            flush=True,
        )
    good = sum(tpe <= demo for demo, tpe, _ in rows)
    medians = [statistics.median(column) for column in zip(*rows, strict=True)]
    print(
        f"as good as the demo: {good} of {len(rows)}   medians: tpe {medians[1]:.3g}, random {medians[2]:.3g}"
    )


def timed(place: Path, epochs: int, trials: int) -> Path:
    """A search whose trials all take as long as one another."""
    from nntui.config import demos

    text = (demos.directory() / "sweep_spirals.toml").read_text(encoding="utf-8")
    head = text.partition("[sweep]")[0].replace("epochs = 200", f"epochs = {epochs}")
    file = place / f"timed{epochs}.toml"
    file.write_text(
        f'{head}[sweep]\ntrials = {trials}\nsampler = "tpe"\npruner = "none"\n[sweep.space]\n'
        '"optimizer.lr" = { low = 0.001, high = 0.01, log = true }\n'
        '"layers.*.activation" = ["tanh", "sigmoid"]\n',
        encoding="utf-8",
    )
    return file


def one_second(place: Path) -> int:
    """Epochs that take about a second here."""
    file = timed(place, 200, 1)
    fit = subprocess.run(
        [*NNTUI, "fit", str(file), "--runs", str(place / "first"), "--json", "--quiet"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return max(1, round(200 / json.loads(fit.stdout)["seconds"]))


def trained(runs: Path, result: dict[str, Any]) -> tuple[float, float]:
    """Seconds inside the runs of a search, and from the first one's start to the last one's end."""
    from datetime import datetime

    inside, starts, ends = 0.0, [], []
    for trial in result["trials"]:
        for name in trial["runs"]:
            info = RunDirectory(runs / name).read()
            begun = datetime.fromisoformat(info.started).timestamp()
            inside += info.seconds
            starts.append(begun)
            ends.append(begun + info.seconds)
    return inside, max(ends) - min(starts)


def overhead(place: Path, trials: int) -> None:
    """What a trial takes beside its training."""
    file = timed(place, one_second(place), trials)
    result = sweep(place / "overhead", str(file), "--workers", "1")
    inside, whole = trained(place / "overhead", result)
    print(
        f"{trials} trials of {inside / trials:.2f} s: {100 * (whole - inside) / inside:.1f} % beside training"
    )


def scaling(place: Path, rounds: int, trials: int) -> None:
    """How much two workers gain, and how much two bare trainings."""
    epochs = one_second(place)
    file = timed(place, epochs, trials)
    bare = timed(place, epochs * trials // 2, 1)

    def fits(count: int, name: str) -> float:
        words = [*NNTUI, "fit", str(bare), "--json", "--quiet", "--runs"]
        processes = [
            subprocess.Popen([*words, str(place / name / str(k))], stdout=subprocess.PIPE, text=True)
            for k in range(count)
        ]
        return max(json.loads(p.communicate()[0])["seconds"] for p in processes)

    ratios = []
    for k in range(rounds):
        one = trained(place / f"one{k}", sweep(place / f"one{k}", str(file), "--workers", "1"))[1]
        alone = fits(1, f"alone{k}")
        two = trained(place / f"two{k}", sweep(place / f"two{k}", str(file), "--workers", "2"))[1]
        both = fits(2, f"both{k}")
        ratios.append((one / two) / (2 * alone / both))
        print(
            f"round {k}: sweep {one:.1f} s -> {two:.1f} s ({one / two:.2f}×)   fit {alone:.1f} s -> {both:.1f} s "
            f"({2 * alone / both:.2f}×)   ratio {ratios[-1]:.2f}",
            flush=True,
        )
    print(f"median ratio {statistics.median(ratios):.2f}")


def kills(place: Path, trials: int, every: float, storage: str | None) -> None:
    """Kill a worker now and then, and count what became of the trials."""
    file = timed(place, one_second(place), trials)
    words = [
        "--workers",
        "4",
        *(() if storage is None else ("--storage", storage, "--study", f"kills{os.getpid()}")),
    ]
    process = subprocess.Popen(
        [*NNTUI, "sweep", str(file), "--runs", str(place / "kills"), "--json", *words],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    killed, begun, chance = 0, time.monotonic(), random.Random(0)
    while process.poll() is None:
        try:
            out, _ = process.communicate(timeout=every)
            break
        except subprocess.TimeoutExpired:
            workers = psutil.Process(process.pid).children()
            if workers:
                chance.choice(workers).send_signal(signal.SIGKILL)
                killed += 1
    result = json.loads(out)
    states = Counter(t["state"] for t in result["trials"])
    lost = [t for t in result["trials"] if t["state"] == "failed"]
    complete = [json.dumps(t["params"]) for t in result["trials"] if t["state"] == "complete"]
    once = sum(complete.count(json.dumps(t["params"])) >= 1 for t in lost)
    runs = [r for t in result["trials"] for r in t["runs"]]
    print(
        f"{trials} trials, {killed} workers killed, {time.monotonic() - begun:.0f} s: {dict(states)}; {once} of {len(lost)} "
        f"lost ones were tried again; {len(complete) - len(set(complete))} values twice; "
        f"{len(runs) - len(set(runs))} runs of two trials"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["quality", "overhead", "scaling", "kills"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--every", type=float, default=10.0)
    parser.add_argument("--storage")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nntui-sweep-") as directory:
        place = Path(directory)
        match given.what:
            case "quality":
                quality(place, given.seeds, given.trials or 50)
            case "overhead":
                overhead(place, given.trials or 20)
            case "scaling":
                scaling(place, given.rounds, given.trials or 20)
            case "kills":
                kills(place, given.trials or 200, given.every, given.storage)


if __name__ == "__main__":
    main()
