"""A made-up production network with all that can be odd in one, as tables."""

from __future__ import annotations

import random

PRODUCTS = ("fibre", "long-fibre", "yarn", "dye", "cloth", "dress", "thread", "button")
BROADER = {"long-fibre": "fibre", "thread": "yarn"}
RECIPES = (
    ("yarn", "fibre", "yes"),
    ("cloth", "yarn", "yes"),
    ("cloth", "dye", ""),
    ("dress", "cloth", "yes"),
    ("dress", "button", "yes"),
    ("dress", "thread", ""),
)
PERIODS = (("", ""), ("2020", ""), ("2021-03", "2023"), ("", "2021-05-01"))
COVERAGE = ("census", "survey", "", "news")
KINDS = ("enterprise", "enterprise", "enterprise", "research", "finance", "logistics", "government")


def production(
    *, actors: int = 60, supplies: int = 170, seed: int = 7
) -> dict[str, list[dict[str, str]]]:
    """Links of all kinds: to oneself, parallel, both ways, planned, ended, dated; actors without.

    Every sixth actor has no link of any kind, and every fourth belongs to no cluster. All rules
    that go over tables find something.
    """
    chance = random.Random(seed)  # noqa: S311
    names = [f"a{number:02}" for number in range(actors)]
    linked = [name for number, name in enumerate(names) if number % 6]
    tables: dict[str, list[dict[str, str]]] = {
        "actors": [
            {
                "id": name,
                "name": f"Actor {name}",
                "kind": chance.choice(KINDS),
                "roles": chance.choice(["", "insurer", "exporter;logistics"]),
                "region": chance.choice(["UZ-FA", "UZ-TO", ""]),
                "employees": str(chance.randrange(500)),
            }
            for name in names
        ],
        "clusters": [
            {
                "id": f"c{number}",
                "name": f"Cluster {number}",
                "sector": "cotton-textile",
                "coverage": coverage,
                "managed_by": names[number + 1],
            }
            for number, coverage in enumerate(COVERAGE)
        ],
        "products": [
            {"id": name, "name": name.title(), "broader": BROADER.get(name, "")}
            for name in PRODUCTS
        ],
        "recipes": [
            {"product": made, "input": needed, "essential": essential}
            for made, needed, essential in RECIPES
        ],
    }
    tables["memberships"] = [
        {"actor": name, "cluster": f"c{cluster}", "role": chance.choice(["", "regulator"])}
        for number, name in enumerate(names)
        if number % 4
        for cluster in {number % 4, chance.randrange(4)}
    ]
    for table, count in (("makes", 25), ("needs", 25)):
        tables[table] = [
            {"actor": actor, "product": product}
            for actor, product in sorted(
                {(chance.choice(names), chance.choice(PRODUCTS)) for _ in range(count)}
            )
        ]
    tables["supplies"] = []
    for _ in range(supplies):
        begun, over = chance.choice(PERIODS)
        # Few sell much: chains, several suppliers of one thing, and the same pair again.
        seller = linked[min(int(chance.paretovariate(0.6)), len(linked)) - 1]
        tables["supplies"].append(
            {
                "supplier": seller,
                "buyer": chance.choice([*linked, seller, seller]),
                "product": chance.choice([*PRODUCTS, ""]),
                "share": chance.choice(["", "", "0.2", "0.7"]),
                "value": str(chance.randrange(1, 100)),
                "currency": "UZS",
                "kind": chance.choice(["", "goods", "freight"]),
                "status": chance.choice(["", "", "observed", "planned", "ended"]),
                "valid_from": begun,
                "valid_to": over,
            }
        )
    tables["cooperations"] = []
    for number in range(12):
        begun, over = chance.choice(PERIODS)
        tables["cooperations"] += [
            {
                "id": f"r{number}",
                "kind": "joint-rd",
                "participant": name,
                "status": "planned" if number == 3 else "",
                "valid_from": begun,
                "valid_to": over,
            }
            for name in chance.sample(linked, 2 + number % 3)
        ]
    tables["ownerships"] = [
        {"owner": owner, "owned": owned, "share": "0.5", "valid_from": "2021"}
        for owner, owned in (chance.sample(linked, 2) for _ in range(8))
    ]
    _add_common_source(tables)
    return tables


def _add_common_source(tables: dict[str, list[dict[str, str]]]) -> None:
    """Add a weaver both of whose spinners reel the cocoons of one farm, and a lonely member."""
    silk = ("silk-farm", "reeler-one", "reeler-two", "weaver", "lonely")
    tables["actors"] += [{"id": name, "name": name, "kind": "enterprise"} for name in silk]
    tables["clusters"].append(
        {"id": "silk", "name": "Silk", "sector": "cotton-textile", "coverage": "survey"}
    )
    tables["memberships"] += [{"actor": "lonely", "cluster": "silk"}]
    tables["products"] += [{"id": name, "name": name} for name in ("cocoon", "silk")]
    tables["recipes"].append({"product": "silk", "input": "cocoon", "essential": "yes"})
    worth = {"value": "5", "currency": "UZS"}
    for reeler in silk[1:3]:
        tables["supplies"] += [
            {"supplier": "silk-farm", "buyer": reeler, "product": "cocoon", **worth},
            {"supplier": reeler, "buyer": "weaver", "product": "silk", **worth},
        ]
