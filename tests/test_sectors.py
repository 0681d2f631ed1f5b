"""The triple helix and the linkages of sectors, on cases worked out by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from klaster.graph.network import helix, linkages
from klaster.graph.network.network import Network
from klaster.ontology.codes import codes
from klaster.ontology.faults import Fault

KINDS = {"u": "university", "r": "research", "i": "enterprise", "g": "government", "f": "finance"}


def helix_network(links, *, records=None) -> Network:
    net = Network.from_pairs(links, directed=False)
    kinds = pl.Series("kind", [KINDS[actor[0]] for actor in net.actors["actor"]])
    found = net.links if records is None else net.links.with_columns(iri=pl.Series(records))
    return Network(net.actors.with_columns(kinds), found)


def test_a_helix_is_complete_where_all_three_are_present_and_linked() -> None:
    links = [("u1", "i1"), ("r1", "i1"), ("i1", "g1"), ("g1", "u1"), ("f1", "i1"), ("i2", "u2")]
    net = helix_network(links)
    assert net.actors["actor"].to_list() == ["f1", "g1", "i1", "i2", "r1", "u1", "u2"]
    table = helix.completeness(net, np.array([0, 0, 0, 1, 0, 0, 1]))
    assert table.rows(named=True) == [
        {
            "group": 0,
            "university": 2,
            "industry": 1,
            "government": 1,
            "university_industry": 2,
            "university_government": 1,
            "industry_government": 1,
            "present": 3,
            "linked": 3,
        },
        {
            "group": 1,
            "university": 1,
            "industry": 1,
            "government": 0,
            "university_industry": 1,
            "university_government": 0,
            "industry_government": 0,
            "present": 2,
            "linked": 1,
        },
    ]


def test_every_kind_with_a_sphere_is_a_kind() -> None:
    assert helix.SPHERE_OF_KIND.keys() <= codes("actor-kind").keys()


def test_the_partners_of_a_project_are_one_record() -> None:
    links = [("u1", "i1"), ("u1", "g1"), ("g1", "i1"), ("f1", "i1")]
    found = helix.presence(helix_network(links, records=["p", "p", "p", "q"]))
    assert found.tolist() == [[True, True, True], [False, True, False]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], -1),
        ([[0, 0, 0], [1, 1, 1]], 1),
        ([[u, i, g] for u in (0, 1) for i in (0, 1) for g in (0, 1)], 0),
    ],
    ids=["either or", "copies", "independent"],
)
def test_synergy_of_three_properties(values, expected) -> None:
    assert helix.synergy(np.array(values)) == pytest.approx(expected, abs=1e-12)


def test_linkages_of_two_sectors() -> None:
    table = linkages.linkages(np.array([[2.0, 3.0], [4.0, 1.0]]), np.array([10.0, 10.0]))
    assert table["backward"].to_list() == pytest.approx([13 / 6, 11 / 6])
    assert table["forward"].to_list() == pytest.approx([2, 2])
    assert table["dispersion"].to_list() == pytest.approx([13 / 12, 11 / 12])
    assert table["key"].to_list() == [False, False]
    # Outputs are equal here, so that both views have the same coefficients.
    assert table["forward_ghosh"].to_list() == pytest.approx([2, 2])


def test_a_sector_that_others_take_from_and_that_takes_from_them_is_key() -> None:
    flows = np.array([[1.0, 4.0, 4.0], [4.0, 0.0, 0.0], [4.0, 0.0, 0.0]])
    table = linkages.linkages(flows, np.array([10.0, 10.0, 10.0]))
    assert table["key"].to_list() == [True, False, False]


def test_ghosh_looks_at_the_same_flows_from_the_other_side() -> None:
    flows, output = np.array([[2.0, 3.0], [4.0, 1.0]]), np.array([10.0, 20.0])
    allocation = linkages.allocation_coefficients(flows, output)
    assert allocation.tolist() == [[0.2, 0.3], [0.2, 0.05]]
    onward = np.linalg.inv(np.eye(2) - allocation).sum(axis=1)
    found = linkages.linkages(flows, output)
    assert found["forward_ghosh"].to_list() == pytest.approx(onward)


def test_a_sector_without_output_takes_nothing() -> None:
    found = linkages.linkages(np.array([[1.0, 0.0], [0.0, 0.0]]), np.array([2.0, 0.0]))
    assert found["backward"].to_list() == [2, 1]


def test_a_table_that_cannot_be_is_refused() -> None:
    for flows, output, key in (
        ([[1.0, 2.0]], [1.0, 1.0], "fault.flows"),
        ([[9.0, 9.0], [9.0, 9.0]], [10.0, 10.0], "fault.not-productive"),
    ):
        with pytest.raises(Fault) as caught:
            linkages.linkages(np.array(flows), np.array(output))
        assert caught.value.key == key
