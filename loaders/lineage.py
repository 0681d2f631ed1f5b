"""Carrying the number of a row through a query, so that a fault can be shown at its source."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_Node = dict[str, Any]


def traced(database: DuckDBPyConnection, select: str, row: str) -> str:
    """Return a query that also selects the column ``row`` of the table it begins with.

    In a query that groups, it is the first row of each group. Where a query cannot be changed so
    (or selects ``row`` itself), it is returned as it is.

    Raises
    ------
    duckdb.Error
        If the query is at fault as it is.
    """
    import duckdb

    described = database.execute(f"DESCRIBE {select}").fetchall()
    if row in [name for name, *_ in described]:
        return select
    for candidate in _candidates(database, select, row):
        try:
            database.execute(f"DESCRIBE {candidate}")
        except duckdb.Error:
            continue
        return candidate
    return select


def _candidates(database: DuckDBPyConnection, select: str, row: str) -> Iterator[str]:
    """Yield the query with the row of its first table, plain and as the first of a group."""
    for grouped in (False, True):
        tree = _parsed(database, select)
        if tree is None:
            return
        if all(_trace(database, part["node"], row, grouped) for part in tree["statements"]):
            [(text,)] = database.execute(
                "SELECT json_deserialize_sql(?::JSON)", [json.dumps(tree)]
            ).fetchall()
            yield text


def _parsed(database: DuckDBPyConnection, select: str) -> _Node | None:
    [(text,)] = database.execute("SELECT json_serialize_sql(?)", [select]).fetchall()
    tree: _Node = json.loads(text)
    return None if tree.get("error") else tree


def _trace(database: DuckDBPyConnection, node: _Node, row: str, grouped: bool) -> bool:
    """Let one part of a query select the row; say whether that could be done."""
    for entry in node.get("cte_map", {}).get("map", []):
        # DuckDB writes it so since its version 2, and with a level more before.
        inner = entry["value"].get("query_node") or entry["value"]["query"]["node"]
        _trace(database, inner, row, grouped=_groups(inner))
    if node["type"] == "SET_OPERATION_NODE":
        if not node.get("setop_all"):
            return False
        parts = node.get("children") or [node["left"], node["right"]]
        return all(_trace(database, part, row, grouped or _groups(part)) for part in parts)
    if node["type"] != "SELECT_NODE":
        return False
    begun = _first_table(node.get("from_table"))
    if begun is None or _is_distinct(node, of_some=True):
        return False
    grouped = grouped or _groups(node)
    if _is_distinct(node):
        if _groups(node):
            return False
        node["modifiers"] = [
            modifier for modifier in node["modifiers"] if modifier["type"] != "DISTINCT_MODIFIER"
        ]
        node["aggregate_handling"] = "FORCE_AGGREGATES"
        grouped = True
    column = ".".join(f'"{part}"' for part in (*begun, row))
    value = f"min({column})" if grouped else column
    tree = _parsed(database, f'SELECT {value} AS "{row}"')
    if tree is None:
        return False
    node["select_list"] += tree["statements"][0]["node"]["select_list"]
    return True


def _groups(node: _Node) -> bool:
    return bool(node.get("group_expressions")) or (
        node.get("aggregate_handling") == "FORCE_AGGREGATES"
    )


def _is_distinct(node: _Node, *, of_some: bool = False) -> bool:
    return any(
        modifier["type"] == "DISTINCT_MODIFIER"
        and bool(modifier.get("distinct_on_targets")) == of_some
        for modifier in node.get("modifiers", [])
    )


def _first_table(table: _Node | None) -> tuple[str, ...] | None:
    """Return the name by which the columns of the first table of a FROM clause are reached."""
    while table and table["type"] == "JOIN":
        table = table["left"]
    if not table:
        return None
    if table["type"] in ("BASE_TABLE", "SUBQUERY"):
        name = table["alias"] or table.get("table_name")
        return (name,) if name else ()
    # The columns that are not turned keep their names.
    return () if table["type"] == "PIVOT" else None
