"""A cluster in which no rule finds anything, and a few defects of it.

Feeders sell feed to farms, farms milk to mills, mills make cheese and export it; everybody meets
in one council, and the mills, who alone may have support, have had it.
"""

from __future__ import annotations

HELPERS = {
    "lab": "research",
    "office": "government",
    "bank": "finance",
    "truck": "logistics",
    "seal": "enterprise",
}


def clean(
    prefix: str = "", *, mills: int = 2, farms: int = 2, feeders: int = 2
) -> dict[str, list[dict[str, str]]]:
    """Return the tables of a cluster in which nothing is missing."""
    names = {
        "mill": [f"{prefix}mill{n}" for n in range(mills)],
        "farm": [f"{prefix}farm{n}" for n in range(farms)],
        "feeder": [f"{prefix}feeder{n}" for n in range(feeders)],
    }
    cluster = f"{prefix}c"
    tables: dict[str, list[dict[str, str]]] = {
        "sources": [{"id": "survey", "title": "Survey"}],
        "actors": [],
        "memberships": [],
        "cooperations": [],
        "clusters": [
            {"id": cluster, "name": f"Cluster {prefix}".strip(), "sector": "livestock", "region": "UZ-FA", "coverage": "survey"}
        ],
        "products": [
            {"id": name, "name": name.title(), "hs": "04"} for name in ("feed", "milk", "cheese")
        ],
        "recipes": [
            {"product": "cheese", "input": "milk", "essential": "yes"},
            {"product": "milk", "input": "feed", "essential": "yes"},
        ],
        "makes": [{"actor": mill, "product": "cheese"} for mill in names["mill"]],
        "supplies": [],
        "exports": [
            {"exporter": mill, "product": "cheese", "year": "2024", "value": "10", "currency": "USD"}
            for mill in names["mill"]
        ],
        "policies": [{"id": "p", "title": "Decree"}],
        "instruments": [
            {"id": name, "policy": "p", "kind": name, "title": name} for name in ("grant", "guarantee")
        ],
        "criteria": [
            {"instrument": name, "product": "cheese"} for name in ("grant", "guarantee")
        ],
        "awards": [
            {"instrument": name, "beneficiary": mill}
            for name in ("grant", "guarantee")
            for mill in names["mill"]
        ],
    }  # fmt: skip
    everyone = [(name, "enterprise", "producer") for kind in names.values() for name in kind]
    everyone += [(prefix + name, kind, "") for name, kind in HELPERS.items()]
    for name, kind, role in everyone:
        role = "certifier" if name.endswith("seal") else role
        join(tables, name, kind=kind, role=role, cluster=cluster)
    for seller, buyer, product in (("feeder", "farm", "feed"), ("farm", "mill", "milk")):
        for one in names[seller]:
            for other in names[buyer]:
                sell(tables, one, other, product)
    return tables


def join(tables, name, *, kind="enterprise", role="producer", cluster="c", council=True) -> None:
    """Add a member of the cluster, who sits in its council unless told otherwise."""
    tables["actors"].append(
        {"id": name, "name": name.title(), "kind": kind, "roles": role, "region": "UZ-FA"}
    )
    tables["memberships"].append({"actor": name, "cluster": cluster})
    if council:
        meet(tables, f"council-{cluster}", name)


def meet(tables, key, *participants) -> None:
    tables["cooperations"] += [
        {"id": key, "kind": "agreement", "participant": name, "valid_from": "2020", "source": "survey"}
        for name in participants
    ]  # fmt: skip


def sell(tables, supplier, buyer, product) -> None:
    tables["supplies"].append(
        {
            "supplier": supplier,
            "buyer": buyer,
            "product": product,
            "kind": "goods",
            "valid_from": "2020",
            "source": "survey",
        }
    )


def leave(tables, *names) -> None:
    """Take actors out of all tables."""
    keys = ("id", "actor", "participant", "supplier", "buyer", "beneficiary", "exporter")
    for rows in tables.values():
        rows[:] = [row for row in rows if not any(row.get(key) in names for key in keys)]


def product(tables, name) -> None:
    tables["products"].append({"id": name, "name": name.title(), "hs": "04"})


def need_what_a_neighbour_makes(tables) -> None:
    tables["needs"] = [{"actor": "lab", "product": "cheese"}]


def hang_by_one(tables) -> None:
    join(tables, "new", council=False)
    meet(tables, "visit", "new", "mill0")


def share_partners_only(tables) -> None:
    join(tables, "lab2", kind="research", role="", council=False)
    meet(tables, "trial1", "lab2", "mill0")
    meet(tables, "trial2", "lab2", "mill1")


def depend_on_one_behind(tables) -> None:
    farms = sorted({row["buyer"] for row in tables["supplies"] if row["product"] == "feed"})
    tables["supplies"] = [row for row in tables["supplies"] if row["product"] != "feed"]
    for farm in farms:
        join(tables, f"own-{farm}")
        for seller in ("feeder0", f"own-{farm}"):
            sell(tables, seller, farm, "feed")


def export_far_from_logistics(tables) -> None:
    for name in ("x", "y1", "y2"):
        join(tables, name, council=False)
    for key, *pair in (("1", "mill0", "y1"), ("2", "y1", "x"), ("3", "x", "y2"), ("4", "y2", "mill1")):  # fmt: skip
        meet(tables, f"ring{key}", *pair)
    tables["exports"].append(
        {"exporter": "x", "product": "cheese", "year": "2024", "value": "30", "currency": "USD"}
    )
    # Who is said to export is one, whatever it makes; support is for the makers of cheese.


def leave_the_centre_without(tables) -> None:
    for name in ("hub", "x1", "x2"):
        join(tables, name, council=name == "hub")
    for key, *pair in (("1", "hub", "x1"), ("2", "x1", "x2"), ("3", "x2", "mill0")):
        meet(tables, f"ring{key}", *pair)
    tables["makes"].append({"actor": "hub", "product": "cheese"})
    for farm in ("farm0", "farm1"):
        sell(tables, farm, "hub", "milk")


def make_less_than_others(tables) -> None:
    """Three more clusters: cloth goes with dress and hat, the first lacks the hat."""
    for name in ("cloth", "dress", "hat", "oil"):
        product(tables, name)
    for prefix, made in (
        ("k", ("cloth", "dress", "hat")),
        ("l", ("cloth", "hat")),
        ("m", ("oil",)),
    ):
        more = clean(f"{prefix}-")
        for table in ("actors", "memberships", "cooperations", "clusters", "supplies", "exports", "makes", "awards"):  # fmt: skip
            tables[table] += more[table]
        tables["makes"] += [{"actor": f"{prefix}-mill0", "product": name} for name in made]
    tables["makes"] += [{"actor": "mill0", "product": name} for name in ("cloth", "dress")]
