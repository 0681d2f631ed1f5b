"""Pictures to show: a made-up cluster network in three languages, and one full of hostile text."""

from __future__ import annotations

from dataclasses import replace
from math import cos, pi, sin, sqrt

from klaster.graph.views.picture import (
    Group,
    Grouping,
    Layer,
    Link,
    LinkKind,
    Measure,
    Node,
    NodeKind,
    Picture,
    Rank,
    Reference,
    Remark,
)

EVIL = "</script><img src=x onerror=alert(1)><script>alert(2)</script><b>{{7*7}}</b>&amp;\u2028"
LANGUAGES = ("en", "ru", "uz")
SCALE = 120


def words(en: str, ru: str = "", uz: str = "") -> dict[str, str]:
    return {"en": en, "ru": ru or en, "uz": uz or en}


NODE_KINDS = (
    NodeKind("cluster", words("Cluster", "Кластер", "Klaster"), "#5b3a8c", "hexagon"),
    NodeKind("enterprise", words("Enterprise", "Предприятие", "Korxona"), "#0072b2", "circle"),
    NodeKind(
        "research",
        words("Research organisation", "Научная организация", "Ilmiy tashkilot"),
        "#009e73",
        "triangle",
    ),
    NodeKind(
        "government",
        words("Government body", "Государственный орган", "Davlat organi"),
        "#d55e00",
        "square",
    ),
    NodeKind("logistics", words("Logistics", "Логистика", "Logistika"), "#e69f00", "diamond"),
    NodeKind("finance", words("Finance", "Финансы", "Moliya"), "#cc79a7", "star"),
    NodeKind(
        "instrument",
        words("Support instrument", "Инструмент поддержки", "Qoʻllab-quvvatlash instrumenti"),
        "#8a5a00",
        "diamond",
        layer="policy",
    ),
    NodeKind(
        "missing",
        words("Missing partner", "Отсутствующий партнёр", "Yetishmayotgan hamkor"),
        "#c0262d",
        "triangleDown",
    ),
)
LINK_KINDS = (
    LinkKind("member", words("member of", "входит в", "aʼzosi"), "#8a94a0", directed=True),
    LinkKind(
        "supplies", words("supplies", "поставляет", "yetkazib beradi"), "#3b6ea5", directed=True
    ),
    LinkKind(
        "cooperates",
        words("cooperates with", "сотрудничает с", "hamkorlik qiladi"),
        "#009e73",
        directed=False,
    ),
    LinkKind(
        "suggested",
        words("suggested link", "предлагаемая связь", "tavsiya etilgan bogʻlanish"),
        "#c0262d",
        directed=True,
        dashed=True,
    ),
    LinkKind(
        "eligible",
        words("eligible", "имеет право", "haqli"),
        "#8a5a00",
        directed=True,
        dashed=True,
        layer="policy",
    ),
)
LAYERS = (
    Layer(
        "policy",
        words("Policies and their reach", "Политика и охват", "Siyosat va qamrov"),
        shown=False,
    ),
)
MEASURES = (
    Measure(
        "betweenness",
        words("Betweenness", "Посредничество", "Vositachilik"),
        words(
            "How often the actor stands on the shortest way between two others: if it fails, they lose each other.",
            "Как часто участник стоит на кратчайшем пути между двумя другими: без него они теряют друг друга.",
            "Ishtirokchi boshqa ikkitasi orasidagi eng qisqa yoʻlda qanchalik tez-tez turadi: usiz ular bir-birini yoʻqotadi.",
        ),
    ),
    Measure(
        "degree",
        words("Partners", "Партнёры", "Hamkorlar"),
        words(
            "How many partners the actor has.",
            "Сколько у участника партнёров.",
            "Ishtirokchining nechta hamkori bor.",
        ),
    ),
)
PLACES = (
    ("Toshkent", "Ташкент", "Tashkent"),
    ("Fargʻona", "Фергана", "Fergana"),
    ("Buxoro", "Бухара", "Bukhara"),
    ("Xorazm", "Хорезм", "Khorezm"),
    ("Samarqand", "Самарканд", "Samarkand"),
    ("Qashqadaryo", "Кашкадарья", "Kashkadarya"),
)
TRADES = (
    ("toʻqimachilik", "текстиль", "textiles"),
    ("charm-poyabzal", "кожа и обувь", "leather and footwear"),
    ("qurilish materiallari", "стройматериалы", "building materials"),
    ("elektrotexnika", "электротехника", "electrical goods"),
)


def actor_node(index: int, cluster: int, clusters: int, per: int) -> Node:
    place, trade = PLACES[index % 6], TRADES[cluster % 4]
    number = index + 1
    uz = f"{place[0]} {trade[0]} MChJ №{number}"
    angle, ring = 2 * pi * index / per + 0.3, 1 + 0.45 * (index % 3)
    middle = 2 * pi * cluster / clusters
    degree = 3 + (7 * index) % 5
    return Node(
        iri=f"https://example.org/actor/{index}",
        label=uz,
        names={
            "uz": uz,
            "ru": f"ООО «{place[1]} {trade[1]} №{number}»",
            "en": f"{place[2]} {trade[2]} №{number}",
        },
        kind=NODE_KINDS[1 + index % 5].code if index % 3 == 0 else "enterprise",
        x=SCALE * (sqrt(clusters) * 2.6 * cos(middle) + ring * cos(angle)),
        y=SCALE * (sqrt(clusters) * 2.0 * sin(middle) + ring * sin(angle)),
        level=index % per % 4,
        facts=(
            (words("Region", "Регион", "Hudud"), words(place[2], place[1], place[0])),
            (
                words("Activity", "Вид деятельности", "Faoliyat turi"),
                words(trade[2], trade[1], trade[0]),
            ),
            (
                words("Employees", "Численность работников", "Xodimlar soni"),
                words(str(40 + index * 13)),
            ),
        ),
        ranks=(
            Rank("betweenness", round(0.31 / (1 + index), 4), index + 1),
            Rank("degree", float(degree), 8 - degree),
        ),
        references=(
            Reference(
                "Register of enterprises 2025", "https://example.org/register", f"actors:{number}"
            ),
        ),
    )


def build_picture(size: int = 60) -> Picture:
    """Return clusters round a circle, their actors round them, and what is missing."""
    clusters = max(1, size // 14)
    actors = size - clusters - 2
    per = -(-actors // clusters)
    nodes = []
    for c in range(clusters):
        place, trade = PLACES[c % 6], TRADES[c % 4]
        nodes.append(
            Node(
                f"https://example.org/cluster/{c}",
                f"{place[0]} {trade[0]} klasteri",
                {
                    "uz": f"{place[0]} {trade[0]} klasteri",
                    "ru": f"Кластер «{trade[1]}», {place[1]}",
                    "en": f"{place[2]} {trade[2]} cluster",
                },
                "cluster",
                SCALE * sqrt(clusters) * 2.6 * cos(2 * pi * c / clusters),
                SCALE * sqrt(clusters) * 2.0 * sin(2 * pi * c / clusters),
                facts=((words("Members", "Участников", "Aʼzolar"), words(str(per))),),
            )
        )
    links = []
    for index in range(actors):
        c = index // per
        nodes.append(actor_node(index, c, clusters, per))
        at = len(nodes) - 1
        links.append(Link(at, c, "member", words("")))
        if index % per:
            links.append(
                Link(
                    at,
                    at - 1,
                    "supplies",
                    words(
                        "Cotton yarn, 120 t a year",
                        "Хлопковая пряжа, 120 т в год",
                        "Paxta ip-kalavasi, yiliga 120 t",
                    ),
                    (Reference("Customs declarations", "https://example.org/customs", str(index)),),
                    since=2018 + index % 5,
                    until=2023 if index % 7 == 0 else None,
                )
            )
        if index % 4 == 0 and index > 5:
            links.append(
                Link(
                    at,
                    clusters + (index * 5) % (at - clusters),
                    "cooperates",
                    words("joint research", "совместные исследования", "qoʻshma tadqiqot"),
                )
            )
    missing = len(nodes)
    for extra, (uz, ru, en) in enumerate(
        (
            ("Sinov laboratoriyasi", "Испытательная лаборатория", "Testing laboratory"),
            ("Eksport sugʻurtasi", "Страхование экспорта", "Export insurance"),
        )
    ):
        nodes.append(
            Node(
                f"https://example.org/missing/{extra}",
                uz,
                words(en, ru, uz),
                "missing",
                SCALE * (1.2 * extra - 0.6),
                0.0,
            )
        )
        links += [
            Link(
                missing + extra,
                c,
                "suggested",
                words("no such partner", "нет такого партнёра", "bunday hamkor yoʻq"),
            )
            for c in range(extra, min(clusters, extra + 2))
        ]
    for number in range(2):
        name = words(f"Grant {number}", f"Грант {number}", f"Grant-{number}")
        nodes.append(
            Node(
                f"https://example.org/grant/{number}",
                f"Grant {number}",
                name,
                "instrument",
                300.0 * number,
                -900.0,
            )
        )
        reach = range(clusters, clusters + actors, 4 + number)
        links += [Link(len(nodes) - 1, at, "eligible", words("")) for at in reach]
    remarks = (
        Remark(
            "missing-link",
            words("Missing link", "Недостающая связь", "Yetishmayotgan bogʻlanish"),
            0.4,
            words(
                "Two members of one cluster buy the same input from different sellers and do not cooperate.",
                "Два участника одного кластера покупают одно и то же сырьё у разных продавцов и не сотрудничают.",
                "Bir klasterning ikki aʼzosi bir xil xomashyoni turli sotuvchilardan oladi va hamkorlik qilmaydi.",
            ),
            (clusters, clusters + 3),
        ),
        Remark(
            "partner-gap",
            words("Partner gap", "Отсутствие партнёра", "Hamkor yetishmasligi"),
            0.9,
            words(
                "The cluster has no testing laboratory.",
                "В кластере нет испытательной лаборатории.",
                "Klasterda sinov laboratoriyasi yoʻq.",
            ),
            (0, missing),
        ),
        Remark(
            "bottleneck",
            words("Single point of failure", "Единая точка отказа", "Yagona zaif nuqta"),
            0.7,
            words(
                "Without this actor three others lose their only supplier.",
                "Без этого участника трое других теряют единственного поставщика.",
                "Bu ishtirokchisiz yana uchtasi yagona yetkazib beruvchisini yoʻqotadi.",
            ),
            (clusters + 1,),
        ),
    )
    return Picture(
        title=words(
            "Cluster network of Uzbekistan",
            "Сеть кластеров Узбекистана",
            "Oʻzbekiston klasterlari tarmogʻi",
        ),
        revision="3f2a9c1",
        language="en",
        nodes=tuple(nodes),
        links=tuple(links),
        node_kinds=NODE_KINDS,
        link_kinds=LINK_KINDS,
        measures=MEASURES,
        remarks=remarks,
        groupings=(_clusters(nodes, clusters, actors, per), _sectors(nodes, clusters, actors)),
        layers=LAYERS,
        asides=(
            words(
                "Supply: too few links to suggest more.", "Поставки: связей мало.", "Taʼminot: kam."
            ),
        ),
        note=words(
            "Synthetic data. The figures describe what the sources record, not everything that exists.",
            "Синтетические данные. Показатели описывают то, что записано в источниках, а не всё, что есть.",
            "Sunʼiy maʼlumotlar. Koʻrsatkichlar manbalarda yozilganini tasvirlaydi, mavjud narsaning hammasini emas.",
        ),
    )


def _clusters(nodes: list[Node], clusters: int, actors: int, per: int) -> Grouping:
    """Return the clusters as groups; the first actor of the second is in the first as well."""
    of: list[tuple[int, ...]] = [() for _ in nodes]
    for index in range(actors):
        of[clusters + index] = (index // per,)
    if clusters > 1 and actors > per:
        of[clusters + per] = (1, 0)
    groups = tuple(
        Group(nodes[c].names, nodes[c].x, nodes[c].y, 24 + 11 * sqrt(per), c)
        for c in range(clusters)
    )
    return Grouping("cluster", words("Cluster", "Кластер", "Klaster"), groups, tuple(of))


def _sectors(nodes: list[Node], clusters: int, actors: int) -> Grouping:
    of: list[tuple[int, ...]] = [() for _ in nodes]
    for index in range(actors):
        of[clusters + index] = (index % 2,)
    groups = (
        Group(words("Even", "Чётные", "Juft"), 0, 0, 80.0),
        Group(words("Odd", "Нечётные", "Toq"), 300, 0, 80.0),
    )
    return Grouping("half", words("Half", "Половина", "Yarim"), groups, tuple(of))


def build_hostile_picture() -> Picture:
    """Return the picture with every text replaced by a hostile one."""
    evil = words(EVIL, EVIL, EVIL)
    fair = build_picture(24)
    references = (
        Reference(EVIL, EVIL, EVIL),
        Reference("script", "javascript:alert(3)", ""),
        Reference("", "JaVaScRiPt:alert(4)//https://example.org", ""),
        Reference("data", "data:text/html,<script>alert(5)</script>", ""),
        Reference("good", 'https://example.org/"onclick="alert(6)', "1"),
    )
    nodes = tuple(
        replace(
            node,
            iri=EVIL + str(index),
            label=EVIL + str(index),
            names={code: EVIL + str(index) for code in LANGUAGES},
            facts=((evil, evil),),
            references=references,
        )
        for index, node in enumerate(fair.nodes)
    )
    return replace(
        fair,
        title=evil,
        note=evil,
        revision=EVIL,
        nodes=nodes,
        links=tuple(replace(link, detail=evil, references=references) for link in fair.links),
        node_kinds=tuple(replace(kind, label=evil, colour=EVIL) for kind in fair.node_kinds),
        link_kinds=tuple(replace(kind, label=evil, colour=EVIL) for kind in fair.link_kinds),
        layers=tuple(replace(layer, label=evil) for layer in fair.layers),
        groupings=tuple(
            replace(
                grouping,
                label=evil,
                groups=tuple(replace(group, label=evil) for group in grouping.groups),
            )
            for grouping in fair.groupings
        ),
        asides=(evil,),
        measures=tuple(replace(m, label=evil, meaning=evil) for m in fair.measures),
        remarks=tuple(replace(remark, label=evil, text=evil) for remark in fair.remarks),
    )
