"""What the benchmarks share: a machine with other work on it, and how many threads BLAS may use.

Shared servers are busy. `with busy(4):` keeps four processes counting beside what is timed, as four other users would.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator

_COUNT = "n = 0\nwhile True:\n    n += 1"


@contextlib.contextmanager
def busy(processes: int) -> Iterator[None]:
    """Keep so many processes at work until the block ends."""
    others = [subprocess.Popen([sys.executable, "-c", _COUNT]) for _ in range(processes)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def threads() -> str:
    """Threads that each loaded library of numerical code would use, such as `openblas 2`."""
    from threadpoolctl import threadpool_info

    found = sorted({f"{pool['internal_api']} {pool['num_threads']}" for pool in threadpool_info()})
    return ", ".join(found) or "none loaded"
