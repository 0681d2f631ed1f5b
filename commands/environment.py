"""What the user's surroundings tell: the language, where questions of one's own are kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import click

LANGUAGES: Final = ("uz", "ru", "en")
OWN_QUESTIONS: Final = "KLASTER_QUESTIONS"


def own_questions(folder: Path | None) -> Path | None:
    """Return the folder of the user's own questions: the one given, or where they are kept.

    That is the folder which the variable ``KLASTER_QUESTIONS`` names, else ``questions`` in the
    folder where the system keeps a program's settings (``~/.config/klaster`` on Linux).
    """
    kept = os.environ.get(OWN_QUESTIONS) or Path(click.get_app_dir("klaster")) / "questions"
    return folder or (Path(kept) if Path(kept).is_dir() else None)


def default_language() -> str:
    """Return the language of the locale where klaster speaks it, else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            code = os.environ[name][:2].lower()
            return code if code in LANGUAGES else "en"
    return "en"
