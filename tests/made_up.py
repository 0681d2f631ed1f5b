"""Small made-up sources, and how to write them down."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

SHARED = Path(__file__).parents[2] / "shared/data"
LOADED_AT = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)

# A cluster of five: a ginner sells to a spinner, the spinner to a weaver, who works with an
# institute; a bank and a grant stand aside. A dye is needed and nobody makes it.
SMALL = {
    "actors": [
        {"id": "gin", "name": "Ginner", "kind": "enterprise", "region": "UZ-FA", "country": "UZ"},
        {
            "id": "spin",
            "name": "Spinner",
            "kind": "enterprise",
            "region": "UZ-FA",
            "employees": "50",
        },
        {"id": "weave", "name": "Weaver", "kind": "enterprise", "region": "Fargʻona viloyati"},
        {"id": "lab", "name": "Institute", "kind": "research", "country": "UZ"},
        {"id": "bank", "name": "Bank", "kind": "finance", "country": "UZ"},
    ],
    "clusters": [
        {
            "id": "c",
            "name": "Cotton",
            "sector": "cotton-textile",
            "region": "UZ-FA",
            "coverage": "census",
        }
    ],
    "memberships": [
        {"actor": actor, "cluster": "c"} for actor in ("gin", "spin", "weave", "lab", "bank")
    ],
    "products": [
        {"id": "fibre", "name": "Fibre"},
        {"id": "yarn", "name": "Yarn"},
        {"id": "cloth", "name": "Cloth"},
        {"id": "dye", "name": "Dye"},
    ],
    "recipes": [
        {"product": "yarn", "input": "fibre", "essential": "yes"},
        {"product": "cloth", "input": "yarn", "essential": "yes"},
        {"product": "cloth", "input": "dye", "essential": ""},
    ],
    "makes": [{"actor": "weave", "product": "cloth", "quantity": "12.5", "unit": "t"}],
    "supplies": [
        {
            "supplier": "gin",
            "buyer": "spin",
            "product": "fibre",
            "share": "1",
            "valid_from": "2020",
            "status": "",
        },
        {
            "supplier": "spin",
            "buyer": "weave",
            "product": "yarn",
            "share": "0.5",
            "valid_from": "2021-03",
            "status": "",
        },
        {
            "supplier": "spin",
            "buyer": "bank",
            "product": "yarn",
            "share": "",
            "valid_from": "",
            "status": "planned",
        },
    ],
    "cooperations": [
        {"id": "rd", "kind": "joint-rd", "participant": "weave"},
        {"id": "rd", "kind": "joint-rd", "participant": "lab"},
    ],
    "policies": [{"id": "p", "title": "Decree", "kind": "decree", "date": "2020"}],
    "instruments": [
        {"id": "grant", "policy": "p", "kind": "grant", "title": "Grant for makers"},
        {"id": "loan", "policy": "p", "kind": "export-credit", "title": "Loan"},
    ],
    "criteria": [
        {"instrument": "grant", "cluster": "c", "kind": "enterprise", "min_employees": ""},
        {"instrument": "loan", "cluster": "c", "kind": "", "min_employees": "10"},
    ],
    "awards": [{"instrument": "loan", "beneficiary": "weave", "amount": "10", "currency": "UZS"}],
}


def write_tables(folder: Path, tables: dict[str, list[dict[str, str]]]) -> Path:
    """Write tables as a folder of CSV files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in tables.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            header = list(dict.fromkeys(key for row in rows for key in row))
            writer = csv.DictWriter(stream, header, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return folder


def write_workbook(path: Path, tables: dict[str, list[dict[str, object]]]) -> Path:
    """Write tables as a workbook, a sheet each."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for name, rows in tables.items():
        sheet = book.create_sheet(name)
        header = list(dict.fromkeys(key for row in rows for key in row))
        sheet.append(header)
        for row in rows:
            sheet.append([row.get(key) for key in header])
    book.save(path)
    return path


def folder_bytes(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


# Four clusters: each has a firm that makes one product fewer than the one before, and exports it
# to one market fewer. Cloth is made of yarn and dye; nobody in the third cluster makes dye.
PRODUCTS = ("fibre", "yarn", "cloth", "dress")
MARKETS = ("KZ", "TR", "DE", "FR")
CHAIN = {
    "actors": [
        {"id": f"firm{n}", "name": f"Firm {n}", "kind": "enterprise", "country": "UZ", "region": "UZ-FA",
         "employees": "10", "revenue": "1000", "currency": "USD"}
        for n in range(4)
    ],
    "clusters": [
        {"id": f"c{n}", "name": f"Cluster {n}", "sector": "cotton-textile", "country": "UZ", "coverage": "census"}
        for n in range(4)
    ],
    "memberships": [{"actor": f"firm{n}", "cluster": f"c{n}"} for n in range(4)],
    "products": [{"id": name, "name": name.title(), "name_uz": f"{name} (uz)"} for name in (*PRODUCTS, "dye")],
    "recipes": [{"product": "cloth", "input": "yarn"}, {"product": "cloth", "input": "dye"}],
    "makes": [
        {"actor": f"firm{n}", "product": product} for n in range(4) for product in PRODUCTS[: 4 - n]
    ],
    "policies": [{"id": "p", "title": "Decree"}],
    "instruments": [
        {"id": "for-cloth", "policy": "p", "kind": "grant", "title": "Looms"},
        {"id": "for-big", "policy": "p", "kind": "grant", "title": "Large firms"},
        {"id": "idle", "policy": "p", "kind": "grant", "title": "Idle", "status": "ended"},
    ],
    "criteria": [
        {"instrument": "for-cloth", "product": "cloth"},
        {"instrument": "for-big", "min_employees": "1000"},
        {"instrument": "idle", "product": "cloth"},
    ],
    "exports": [
        {"exporter": f"firm{n}", "product": product, "destination": market, "year": year, "value": value,
         "currency": "USD"}
        for year, value in (("2022", "100"), ("2023", "200"))
        for n in range(4)
        for product, market in zip(PRODUCTS[: 4 - n], MARKETS, strict=False)
    ] + [{"exporter": "firm0", "product": "dress", "destination": "FR", "year": "2023", "value": "9", "currency": "EUR"}],
    "claims": [
        {"cause": "cluster-approach", "effect": "market-diversification", "quote": "…", "language": "en"},
        {"cause": "cluster-approach", "effect": "unit-cost", "quote": "…", "language": "en"},
    ],
}  # fmt: skip
