"""Libraries that another library imports and seldom uses, imported only when they are used.

networkit and pyvis import networkx, and pyvis IPython, for what klaster asks of neither; importing
both takes longer than drawing a page.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import LazyLoader, find_spec, module_from_spec
from types import ModuleType
from typing import Any, Final

_NOTEBOOK: Final = "IPython.display"


def postpone_networkx() -> None:
    """Let ``import networkx`` load nothing until something of it is used."""
    spec = None if "networkx" in sys.modules else find_spec("networkx")
    if spec is None or spec.loader is None:
        return
    spec.loader = loader = LazyLoader(spec.loader)
    sys.modules["networkx"] = module = module_from_spec(spec)
    loader.exec_module(module)


@contextmanager
def without_notebook() -> Iterator[None]:
    """Let ``from IPython.display import IFrame`` load nothing until a frame is made."""
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
