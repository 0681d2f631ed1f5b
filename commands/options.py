"""The options that several commands share, and how a command prints."""

from __future__ import annotations

import datetime as dt
import functools
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from klaster.commands import completion
from klaster.commands.environment import LANGUAGES, OWN_QUESTIONS, default_language

if TYPE_CHECKING:
    from klaster.graph.views.report import Sheet

FORMATS: Final = ("table", "csv", "json", "md")
LINK_KINDS: Final = ("supply", "cooperation", "ownership", "membership")


@dataclass(frozen=True)
class Output:
    """How a command was asked to print."""

    language: str
    quiet: bool
    form: str = "table"

    @property
    def for_people(self) -> bool:
        """Whether words are wanted, not data."""
        return self.form in ("table", "md")

    @property
    def width(self) -> int:
        """The width of the terminal, in characters."""
        return max(60, shutil.get_terminal_size((100, 24)).columns)

    @property
    def coloured(self) -> bool:
        """Whether colours are wanted: on a terminal that knows them, unless NO_COLOR is set."""
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return sys.stdout.isatty() and not plain

    @property
    def manner(self) -> dict[str, Any]:
        """How a sheet for this output is made."""
        return {"language": self.language, "for_people": self.for_people}

    def show(self, sheet: Sheet, *, always: bool = False) -> None:
        """Print a result to stdout, and how to read it (for data only if ``always``) to stderr."""
        text = sheet.text(
            self.form, language=self.language, width=self.width, coloured=self.coloured
        )
        click.echo(text)
        if (self.for_people or always) and not self.quiet:
            self.tell(sheet.explanation(language=self.language, width=self.width))

    def tell(self, text: str, *, wrapped: bool = False) -> None:
        """Print what is no result to stderr, unless it was asked to be quiet.

        On a terminal, or where that is asked for, long lines are broken between words.
        """
        if not text or self.quiet:
            return
        if wrapped or sys.stderr.isatty():
            from klaster.graph.views.terminal import wrapped as broken

            text = "\n".join(broken(line, self.width) for line in text.splitlines())
        click.echo(text, err=True)


def _option_language(ctx: click.Context, _: click.Parameter, value: str | None) -> str:
    language = value or default_language()
    ctx.find_root().ensure_object(dict)["lang"] = language
    return language


def spoken(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that every command has, and hand them on as one ``output``."""

    @functools.wraps(command)
    def with_output(
        *args: object, lang: str, quiet: bool, form: str | None = None, **options: object
    ) -> None:
        form = form or ("table" if sys.stdout.isatty() else "csv")
        command(*args, output=Output(lang, quiet, form), **options)

    quiet = click.option("--quiet", is_flag=True, help="Print results only.")
    language = click.option(
        "--lang",
        type=click.Choice(LANGUAGES),
        callback=_option_language,
        is_eager=True,
        help="Language of the output; by default that of the locale, else en.",
    )
    return language(quiet(with_output))


def printed(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of commands that print a table."""
    option = click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        help="Format of the output; by default a table on a terminal, csv in a pipe.",
    )
    return option(spoken(command))


class GraphPlace(click.Path):
    """Where a graph is: a folder, or the address of a SPARQL endpoint."""

    name = "graph"

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401
        """Leave an address as it is: as a path it would lose a slash."""
        from klaster.ontology.protocol import is_endpoint

        return value if is_endpoint(value) else super().convert(value, param, ctx)


GRAPH: Final = GraphPlace(path_type=Path)
graph_argument = click.argument("graph", type=GRAPH)
questions_folder = click.option(
    "--questions",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=f"A folder with question files (.rq) of your own; by default that of {OWN_QUESTIONS} or"
    " the folder questions beside klaster's settings.",
)
cluster_option = click.option(
    "--cluster",
    shell_complete=completion.clusters,
    help="Only this cluster (its id, name or IRI).",
)
_LINKS: Final = click.option(
    "--links",
    multiple=True,
    type=click.Choice(LINK_KINDS),
    help="Kind of link to count; may be given several times.",
)
_NARROWING: Final = (
    cluster_option,
    click.option(
        "--region",
        shell_complete=completion.codes_of("region"),
        help="Only actors of this region (code or name).",
    ),
    click.option(
        "--sector",
        shell_complete=completion.codes_of("sector"),
        help="Only members of clusters of this sector (code or name).",
    ),
    click.option(
        "--kind",
        shell_complete=completion.codes_of("actor-kind"),
        help="Only actors of this kind (code or name).",
    ),
    click.option(
        "--date", type=click.DateTime(["%Y-%m-%d"]), help="Only links that hold that day."
    ),
)


def sliced(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose links and actors, and hand them on as ``slices``."""

    @functools.wraps(command)
    def with_links(
        *args: object, links: tuple[str, ...], slices: dict[str, object], **options: object
    ) -> None:
        command(*args, slices={"links": links, **slices}, **options)

    return _LINKS(narrowed(with_links))


def narrowed(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose a part of the actors, and hand them on as ``slices``."""

    @functools.wraps(command)
    def with_slices(
        *args: object,
        cluster: str | None,
        region: str | None,
        sector: str | None,
        kind: str | None,
        date: dt.datetime | None,
        **options: object,
    ) -> None:
        slices = {"cluster": cluster, "region": region, "sector": sector, "kind": kind}
        day = date.date() if date else None
        command(*args, slices={"date": day, **slices}, **options)

    decorated: Callable[..., None] = with_slices
    for option in reversed(_NARROWING):
        decorated = option(decorated)
    return decorated
