"""The crash matrix: thousands of rounds, each killed somewhere else, and the table of what came of them.

    python tests/reliability/matrix.py --rounds 20 --store sqlite --seed 1

plays so many rounds at each edge of each fault point and as many with random timing, and exits 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from postgres_server import unusable
from reliability.account import Account
from reliability.crash_round import Plan, play
from reliability.engine_process import Counts, Fault, any_fault
from reliability.faultpoints import AFTER_A_CRASH, EDGES, ENGINE, HAND_OVER, WEBHOOK
from reliability.service_round import POSTS
from reliability.stage import POSTGRESQL, SQLITE, Stage, open_stage

TWICE = 0.3
"""How often the engine that follows is killed as well, anywhere."""
RANDOM = "any instant"
RANDOM_TURNS = 8
"""How many rounds at random timing there are for one round at each edge."""
INLINE = "engine in the script"
_REQUEST = ("request: send", "answer: read")


@dataclass(slots=True)
class Cell:
    """What the rounds at one edge of one fault point came to."""

    rounds: int = 0
    deaths: int = 0
    sum: Account = field(default_factory=Account)


Cells = dict[tuple[str, str], Cell]


def points() -> list[tuple[str, str]]:
    """Every edge of every fault point of the matrix, an engine inside an entry script, and random timing."""
    named = [(point, edge) for point in (*HAND_OVER, *WEBHOOK, *ENGINE, *AFTER_A_CRASH) for edge in EDGES]
    return [*named, *((INLINE, edge) for edge in EDGES), *[(RANDOM, "")] * RANDOM_TURNS]


def plan_for(point: str, edge: str, counts: Counts, seconds: float, chance: random.Random) -> Plan:
    """A plan that kills at this edge of this point; ``seconds``: what a whole round takes without a death."""
    others = [any_fault(counts, list(ENGINE), chance)] if chance.random() < TWICE else []
    if point == RANDOM:
        lives = chance.randint(1, 4)
        return Plan(kill_after=tuple(chance.uniform(0, seconds) for _ in range(lives)), empty=chance.random() < 0.1)
    if point in HAND_OVER:
        return Plan(script=Fault(point=point, edge=edge), engines=tuple(others))
    if point in WEBHOOK:
        return Plan(service=Fault(point=point, edge=edge, times=chance.randint(1, POSTS)))
    if point == INLINE:
        first_things = [name for name in ENGINE if not name.startswith("lapse")]
        return Plan(inline=Fault(point=chance.choice(first_things), edge=edge))
    if point in AFTER_A_CRASH:
        first = any_fault(counts, list(_REQUEST), chance)
        return Plan(engines=(first, Fault(point=point, edge=edge), *others))
    times = chance.randint(1, max(1, counts.get((point, edge), 1)))
    empty = point.startswith("start")
    return Plan(engines=(Fault(point=point, edge=edge, times=times), *others), empty=empty)


def play_matrix(
    stage: Stage, wanted: Iterable[tuple[str, str]], rounds: int, seed: int, *, until: float | None = None
) -> tuple[Cells, Counts]:
    """Play ``rounds`` at each of the wanted points, in turns; ``until``: by ``time.monotonic``, begin none after it."""
    chance = random.Random(seed)
    reference = play(stage, Plan(), counting=True)
    began = time.monotonic()
    unhurried = play(stage, Plan())
    seconds = time.monotonic() - began
    cells: Cells = defaultdict(Cell)
    for played in (reference, unhurried):
        if not played.account.balances or played.account.duplicates or played.account.unknown:
            raise AssertionError(f"not even a round without deaths balances: {played.account}")
    for _ in range(rounds):
        for point, edge in wanted:
            if until is not None and time.monotonic() > until:
                return cells, reference.counts
            played = play(stage, plan_for(point, edge, reference.counts, seconds, chance))
            cell = cells[point, edge]
            cell.rounds += 1
            cell.deaths += played.deaths
            cell.sum.add(played.account)
    return cells, reference.counts


def table(cells: Cells) -> str:
    """For people."""
    head = ("fault point", "edge", "rounds", "deaths", "alerts", "lost", "wrong", "duplicates", "unknown")
    rows = [
        (point, edge, *map(str, (c.rounds, c.deaths, c.sum.alerts, len(c.sum.lost), len(c.sum.wrongs))),
         str(c.sum.duplicates), str(c.sum.unknown))
        for (point, edge), c in cells.items()
    ]  # fmt: skip
    total = ["all", "", *(str(sum(int(row[i]) for row in rows)) for i in range(2, len(head)))]
    lines = [head, *rows, total]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=(SQLITE, POSTGRESQL), default=SQLITE)
    parser.add_argument("--rounds", type=int, default=20, help="at each edge of each fault point (default 20)")
    parser.add_argument("--seconds", type=float, default=0, help="begin no round after so many seconds; 0: never mind")
    parser.add_argument("--seed", type=int, default=0, help="0 (default): another one each time; it is printed")
    parser.add_argument("--point", default="", help="only fault points whose name begins so")
    options = parser.parse_args(arguments)
    if options.store == POSTGRESQL and unusable():
        print(f"skipped: {unusable()}")
        return 0
    seed = options.seed or random.randrange(1, 1_000_000)
    wanted = [(point, edge) for point, edge in points() if point.startswith(options.point)]
    folder = Path(tempfile.mkdtemp(prefix="crashes-"))
    print(f"{options.store}, seed {seed}, in {folder}", flush=True)
    began = time.monotonic()
    with open_stage(folder, options.store) as stage:
        until = began + options.seconds if options.seconds else None
        cells, _ = play_matrix(stage, wanted, options.rounds, seed, until=until)
    print(table(cells))
    bad = [line for cell in cells.values() for line in (*cell.sum.lost, *cell.sum.wrongs)]
    print(*bad[:50], sep="\n")
    print(f"{time.monotonic() - began:.0f} s")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
