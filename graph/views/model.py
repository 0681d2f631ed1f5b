"""What a page draws first, as a pyvis network that vis-network knows how to draw."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from klaster.graph.views.picture import Grouping, Link, LinkKind, Picture, Words
from klaster.graph.views.postponed import without_notebook

if TYPE_CHECKING:
    from pyvis.network import Network

DRAWN: Final = 2_000
"""So many nodes are drawn at the same time at the most; more are a blot and slow."""
BUBBLES: Final = 120
"""So many groups are drawn as bubbles at the most."""
SHAPES: Final = {"circle": "dot"}
"""Shapes that vis-network knows by another name."""
OPTIONS: Final[dict[str, Any]] = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False},
    "nodes": {"borderWidth": 1.5, "borderWidthSelected": 1.5, "chosen": False},
    "edges": {
        "smooth": False,
        "chosen": False,
        "arrowStrikethrough": False,
        "selectionWidth": 0,
        "hoverWidth": 0,
    },
    "interaction": {
        "dragNodes": False,
        "hover": False,
        "hoverConnectedEdges": False,
        "selectConnectedEdges": False,
        # The page zooms by its own keys; vis-network moves the view by the arrow keys.
        "keyboard": {
            "enabled": True,
            "bindToWindow": False,
            "autoFocus": False,
            "speed": {"x": 10, "y": 10, "zoom": 0},
        },
    },
}


def opens_with_groups(picture: Picture) -> bool:
    """Tell whether the page opens on groups as bubbles: there are too many nodes to draw all."""
    return len(picture.nodes) > DRAWN and bool(picture.groupings)


def as_pyvis(picture: Picture) -> Network:
    """Return what a page opens with as a pyvis network, with positions, colours and dashes.

    Up to 2,000 nodes it is the network itself; of a larger one its groups, each a bubble named
    after the group, and a link between two groups as wide as they have many links.
    """
    with without_notebook():
        from pyvis.network import Network

    net = Network(directed=True, cdn_resources="in_line")
    net.options = OPTIONS
    if opens_with_groups(picture):
        _add_groups(net, picture, picture.groupings[0])
    else:
        _add_nodes(net, picture)
    return net


def _add_nodes(net: Network, picture: Picture) -> None:
    layered = {layer.code for layer in picture.layers if not layer.shown}
    node_kinds = {kind.code: kind for kind in picture.node_kinds}
    link_kinds = {kind.code: kind for kind in picture.link_kinds}
    for index, node in enumerate(picture.nodes[:DRAWN]):
        kind = node_kinds[node.kind]
        if kind.layer not in layered:
            shape = SHAPES.get(kind.shape, kind.shape)
            name = _say(node.names, picture.language) or node.label
            net.add_node(index, label=name, shape=shape, color=kind.colour, x=node.x, y=node.y)
    # pyvis looks an end up in a list; a dictionary of the same nodes is far quicker.
    drawn = net.node_map
    shown = [
        link
        for link in picture.links
        if link.source in drawn
        and link.target in drawn
        and link_kinds[link.kind].layer not in layered
    ]
    for link, bend in zip(shown, bends(shown), strict=True):
        net.add_edge(link.source, link.target, **_link_style(link_kinds[link.kind], bend))


def _add_groups(net: Network, picture: Picture, grouping: Grouping) -> None:
    for place, group in enumerate(grouping.groups[:BUBBLES]):
        name = _say(group.label, picture.language)
        net.add_node(place, label=name, shape="dot", size=group.radius, x=group.x, y=group.y)
    main = [own[0] if own else -1 for own in grouping.of]
    between: Counter[tuple[int, int]] = Counter()
    for link in picture.links:
        one, other = sorted((main[link.source], main[link.target]))
        if 0 <= one != other < BUBBLES:
            between[one, other] += 1
    strongest = sorted(between, key=lambda pair: (-between[pair], pair))[: 3 * BUBBLES]
    for one, other in strongest:
        net.add_edge(one, other, value=between[one, other], arrows="")


def _link_style(kind: LinkKind, bend: float) -> dict[str, Any]:
    """Return how vis-network draws a link of a kind."""
    style: dict[str, Any] = {
        "color": {"color": kind.colour, "inherit": False},
        "dashes": [6, 4] if kind.dashed else False,
        "arrows": {"to": {"enabled": kind.directed, "scaleFactor": 0.5}},
    }
    if bend:
        turn = "curvedCW" if bend > 0 else "curvedCCW"
        style["smooth"] = {"enabled": True, "type": turn, "roundness": abs(bend)}
    return style


def bends(links: list[Link]) -> list[float]:
    """Return how far each link bends, so that links between the same two nodes stay apart."""
    drawn: Counter[tuple[int, int]] = Counter()
    found = []
    for link in links:
        pair = (min(link.source, link.target), max(link.source, link.target))
        number = drawn[pair]
        drawn[pair] += 1
        side = 1 if (number % 2) == (link.source == pair[0]) else -1
        found.append(side * round(0.12 * ((number + 1) // 2), 2))
    return found


def _say(words: Words, language: str) -> str:
    return words.get(language) or words.get("en") or next(filter(None, words.values()), "")
