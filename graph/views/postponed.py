"""What pyvis imports for notebooks alone, imported only if it is used there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

_NOTEBOOK: Final = "IPython.display"


@contextmanager
def without_notebook() -> Iterator[None]:
    """Let ``from IPython.display import IFrame`` load nothing until a frame is made.

    IPython takes a tenth of the time of a small page to import, and only pyvis's own ``show`` in
    a notebook uses it.
    """
    if "IPython" in sys.modules:
        yield
        return
    sys.modules[_NOTEBOOK] = stand_in = ModuleType(_NOTEBOOK)
    stand_in.__dict__["IFrame"] = _frame
    try:
        yield
    finally:
        del sys.modules[_NOTEBOOK]


def _frame(*given: Any, **named: Any) -> Any:  # noqa: ANN401
    """Return a frame of a notebook."""
    from IPython.display import IFrame

    return IFrame(*given, **named)
