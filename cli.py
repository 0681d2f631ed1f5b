"""The command line: one command a question, options to call to print."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

import click

from klaster import KlasterError
from klaster.commands.asking import check, export, info
from klaster.commands.central import central_command
from klaster.commands.loading import demo, drop, init, load, sources
from klaster.commands.matching import match
from klaster.commands.missing import backtest, missing, policy
from klaster.commands.page import page
from klaster.commands.potential import potential
from klaster.commands.querying import query, questions
from klaster.commands.report import report
from klaster.commands.risk import risk_command
from klaster.commands.serving import serve
from klaster.commands.spark import spark


class Commands(click.Group):
    """Commands that tell the user's faults in one message and leave bugs their traceback."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Turn a KlasterError into its message, in the language asked for, and exit code 1."""
        ctx.ensure_object(dict)
        _name_any_file()
        _write_any_script()
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            # As a shell tells of what was ended by Ctrl-C; what runs in child processes ends too.
            ctx.exit(130)
        except KlasterError as fault:
            tell = getattr(fault, "text", None)
            click.echo(tell(ctx.obj["lang"]) if tell else str(fault), err=True)
            ctx.exit(1)


def _name_any_file() -> None:
    """Begin anew in UTF-8 where the locale has another encoding of file names.

    The libraries below know UTF-8 only, and such a locale cannot write every name.
    """
    if sys.getfilesystemencoding().lower() != "utf-8":
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606


def _write_any_script() -> None:
    """Let names in any script be written, whatever the encoding of the system is.

    What goes to a file or another program is UTF-8; a terminal that lacks a letter shows a
    question mark in its place.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8")


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="klaster")
def main() -> None:
    """Knowledge graph of clusters, actors and policies."""


for _command in (
    *(demo, init, load, sources, drop),
    *(check, info, query, questions, export),
    *(central_command, risk_command),
    *(missing, backtest, policy),
    match,
    *(page, report),
    potential,
    *(serve, spark),
):
    main.add_command(_command)


if __name__ == "__main__":
    main()
