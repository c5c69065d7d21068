"""How fast the simulated company is made: `python benchmarks/benchmark_company.py`.

Times are wall seconds in one process, the best of three for the small companies; memory is the peak of
the process. The million is run alone with `--million`.
"""

import argparse
import resource
import time

from crmlab.company import COURSE_PEOPLE, World

SPINE = ("orders", "subscriptions", "exits", "winback", "defection", "accounts")
PATTERN = 43 / 34  # people for each retail member


def spine(people: int, seed: int) -> tuple[float, int]:
    """Seconds to make the spine of a company, and its number of orders."""
    start = time.perf_counter()
    world = World(seed, people)
    for name in SPINE:
        world[name]
    return time.perf_counter() - start, len(world["orders"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", action="store_true", help="one million retail members")
    million = parser.parse_args().million
    print(f"{'people':>10} {'orders':>10} {'seconds':>8} {'peak GB':>8}")
    if million:
        people = round(1_000_000 * PATTERN)
        start = time.perf_counter()
        orders = len(World(1, people)["orders"])
        _line(people, time.perf_counter() - start, orders)
        return
    for size in (500, COURSE_PEOPLE):
        _line(size, *min(spine(size, seed=1) for _ in range(4)))


def _line(people: int, seconds: float, orders: int) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{people:>10,} {orders:>10,} {seconds:>8.2f} {peak:>8.2f}")


if __name__ == "__main__":
    main()
