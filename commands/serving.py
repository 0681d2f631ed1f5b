"""A graph for the tools of others: serve."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import click

from klaster.commands.opening import existing
from klaster.commands.options import Output, graph_argument, questions_folder, spoken

_MEGABYTE = 1 << 20


@click.command()
@graph_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    default=8000,
    show_default=True,
    type=click.IntRange(0, 65535),
    help="0 is any free one.",
)
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Seconds that a query may take.",
)
@click.option(
    "--limit-memory",
    default=2048,
    show_default=True,
    type=click.IntRange(min=1),
    help="Megabytes that a query may take.",
)
@click.option(
    "--limit-rows",
    default=1_000_000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Rows that an answer may have.",
)
@click.option(
    "--workers",
    default=4,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Queries that run at a time.",
)
@click.option("--write", is_flag=True, help="Let graphs be put and deleted, with a token.")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the token; else the variable KLASTER_TOKEN, else one is made and shown.",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    help="A name by which clients reach this server, if it is not this machine's own.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    help="A web site (https://…) whose scripts may query; * is any.",
)
@click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    help="A machine that queries may call by SERVICE.",
)
@questions_folder
@spoken
def serve(
    graph: Path | str,
    host: str,
    port: int,
    timeout: float,
    limit_memory: int,
    limit_rows: int,
    workers: int,
    write: bool,
    token_file: Path | None,
    names: tuple[str, ...],
    origins: tuple[str, ...],
    hosts: tuple[str, ...],
    folder: Path | None,
    output: Output,
) -> None:
    """Serve GRAPH as a SPARQL endpoint and a page to query it, until Ctrl-C.

    Only this machine reaches it and nobody can write, unless told otherwise.
    """
    from klaster.graph.serving.server import serve as run
    from klaster.graph.serving.settings import Settings
    from klaster.graph.store.guard import Limits
    from klaster.ontology.faults import Fault
    from klaster.ontology.labels import phrase

    if isinstance(graph, str):
        raise Fault("serve.remote")
    existing(graph)
    token, made = _token(token_file) if write else ("", False)
    settings = Settings(
        graph,
        limits=Limits(timeout, limit_memory * _MEGABYTE, limit_rows),
        workers=workers,
        token=token,
        service_hosts=frozenset(name.lower() for name in hosts),
        names=frozenset({host, *names}),
        origins=origins,
        questions=folder,
        language=output.language,
    )

    def ready(address: str) -> None:
        click.echo(f"{address}sparql")
        output.tell(phrase("serve.ready", output.language, address=address))
        if made:
            output.tell(phrase("serve.made-token", output.language, token=token))
        if not _loopback(host):
            click.echo(phrase("serve.open", output.language, host=host), err=True)

    try:
        run(settings, host, port, ready=ready)
    except KeyboardInterrupt:
        return


def _token(path: Path | None) -> tuple[str, bool]:
    """Return what writers must know, and whether it was made just now."""
    from klaster.ontology.faults import Fault

    if path is None and "KLASTER_TOKEN" not in os.environ:
        return secrets.token_urlsafe(24), True
    token = (path.read_text("utf-8") if path else os.environ["KLASTER_TOKEN"]).strip()
    if len(token) < 16:
        raise Fault("serve.short-token")
    return token, False


def _loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
