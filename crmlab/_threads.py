"""Small problems on one thread: on a busy machine, waking a pool of threads takes longer than the sums it is for."""

import sys
from contextlib import AbstractContextManager
from typing import Any

_CONTROLLERS: dict[bool, Any] = {}


def one_thread() -> AbstractContextManager[Any]:
    """Keep the linear algebra of numpy, and of scipy if it is loaded, to one thread within the block."""
    scipy = "scipy.linalg" in sys.modules  # it brings its own library, which is found once it is loaded
    if scipy not in _CONTROLLERS:
        from threadpoolctl import ThreadpoolController

        _CONTROLLERS[scipy] = ThreadpoolController()
    return _CONTROLLERS[scipy].limit(limits=1, user_api="blas")
