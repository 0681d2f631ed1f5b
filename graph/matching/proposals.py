"""Pairs of actors that may be the same organisation, with a score and the reasons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import polars as pl

from klaster.graph.answer import Records
from klaster.graph.matching.bearers import Bearers, bearers
from klaster.graph.matching.blocking import candidates, words_of
from klaster.graph.matching.likeness import compare
from klaster.graph.matching.proposal import Proposal
from klaster.graph.store.columns import Columns
from klaster.graph.store.merging import separated

THRESHOLD: Final = 0.75
"""Pairs with a lower score are not proposed unless asked for."""

_IDENTIFIERS: Final = ("lei", "stir", "ror")
# What a name alone is worth: as sure as it gets without an identifier, and short of certain.
_SAME: Final = 0.95
_HEARD: Final = 0.92
_SIMILAR: Final = 0.9
_IDENTIFIED: Final = 0.99
# What takes away from the doubt that the names leave, and what takes away from the score.
_FOR: Final = {"same-website": 0.6, "same-region": 0.2}
_AGAINST: Final = {
    "other-legal-form": 0.85,
    "other-kind": 0.95,
    "other-region": 0.85,
    "other-country": 0.6,
}
# More actors than this with the same name, and the name tells little.
_COMMON: Final = 2
_REASONS: Final = (
    "same-identifier",
    "same-name",
    "sounds-alike",
    "similar-name",
    *_FOR,
    *_AGAINST,
    "common-name",
)


class Proposals(Records[Proposal]):
    """The proposals, best first, and what they rest on.

    ``compared`` is the number of pairs of names that were compared, ``too_common`` that of the
    keys that too many names share to be compared by them.
    """

    def __init__(
        self, proposals: Iterable[Proposal], *, language: str, compared: int, too_common: int
    ) -> None:
        super().__init__(proposals, lambda proposal: proposal.row(language))
        self.compared = compared
        self.too_common = too_common


def propose(
    columns: Columns, *, threshold: float = THRESHOLD, top: int | None = None, language: str = "en"
) -> Proposals:
    """Return the pairs of actors that may be one, best first.

    Pairs that were decided to be different are not proposed again, and neither are actors with
    different LEI, STIR or ROR identifiers.
    """
    given = bearers(columns)
    words = words_of(given.names)
    blocked = candidates(given, words)
    alike = compare(given.names, words, blocked.pairs, least=_least(threshold))
    scored = _scored(_of_actors(alike, given), given)
    kept = scored.filter(pl.col("score") >= threshold)
    kept = _undecided(kept, columns).sort(
        "score", "iri", "iri_other", descending=[True, False, False]
    )
    chosen = kept.head(top) if top else kept
    references = _references(columns, pl.concat([chosen["iri"], chosen["iri_other"]]))
    return Proposals(
        _proposals(chosen, references),
        language=language,
        compared=blocked.pairs.height,
        too_common=blocked.too_common,
    )


def _least(threshold: float) -> float:
    """Return how alike names must be for a pair to reach a score if no web site speaks for it."""
    doubt = (1 - threshold) / (1 - _FOR["same-region"])
    return max(0.0, (1 - doubt) / _SIMILAR)


def _of_actors(alike: pl.DataFrame, given: Bearers) -> pl.DataFrame:
    """Return a row a pair of actors, with the names of theirs that are most alike."""
    swapped = pl.col("first") > pl.col("second")
    base = (
        pl.when(pl.col("same"))
        .then(_SAME)
        .when(pl.col("heard"))
        .then(_HEARD)
        .otherwise(_SIMILAR * pl.col("alike"))
    )
    pairs = alike.with_columns(
        base=base,
        first=pl.when(swapped).then("second").otherwise("first"),
        second=pl.when(swapped).then("first").otherwise("second"),
        # A legal form that is not told is no other form.
        reform=(pl.col("forms") != "") & (pl.col("forms_other") != "")
        & (pl.col("forms") != pl.col("forms_other")),
        forms=pl.when(swapped).then("forms_other").otherwise("forms"),
        forms_other=pl.when(swapped).then("forms").otherwise("forms_other"),
    )  # fmt: skip
    best = pairs.sort("base", "one", "other", descending=[True, False, False]).unique(
        ["first", "second"], keep="first", maintain_order=True
    )
    known = given.actors
    return best.join(known.rename({"actor": "first"}), on="first").join(
        known.rename({"actor": "second"}), on="second", suffix="_other"
    )


def _scored(pairs: pl.DataFrame, given: Bearers) -> pl.DataFrame:
    """Add the score, and a column a reason that holds what it rests on where it holds."""
    bearing = given.names.group_by("letters").agg(bearing=pl.col("actor").n_unique())
    pairs = pairs.join(bearing, on="letters", how="left", maintain_order="left")
    conflict = pl.any_horizontal(
        pl.col(name).is_not_null() & (pl.col(name) != pl.col(f"{name}_other"))
        for name in _IDENTIFIERS
    ).fill_null(value=False)
    pairs = pairs.with_columns(**_evidence())
    identified = pl.col("same-identifier").is_not_null()
    pairs = pairs.filter(identified | ~conflict)
    doubt = 1 - pl.col("base")
    for reason, part in _FOR.items():
        doubt = doubt * pl.when(pl.col(reason).is_not_null()).then(1 - part).otherwise(1.0)
    score = 1 - doubt
    for reason, part in _AGAINST.items():
        score = score * pl.when(pl.col(reason).is_not_null()).then(part).otherwise(1.0)
    # Of three namesakes, two are less surely one than of two; of many, hardly.
    rivals = pl.col("bearing").clip(lower_bound=_COMMON) - 1
    score = score / (1 + 0.1 * rivals.log(2))
    return pairs.with_columns(score=pl.when(identified).then(_IDENTIFIED).otherwise(score).round(3))


def _evidence() -> dict[str, pl.Expr]:
    """Return for each reason what it rests on, null where it does not hold."""

    def both(name: str) -> pl.Expr:
        return pl.concat_str(name, f"{name}_other", separator=" ≠ ")

    def differ(name: str) -> pl.Expr:
        return pl.when(pl.col(name) != pl.col(f"{name}_other")).then(both(name))

    same, heard = pl.col("same"), pl.col("heard")
    common = pl.col("region").list.set_intersection("region_other")
    regions = (pl.col(name).list.len() > 0 for name in ("region", "region_other"))
    apart = pl.all_horizontal(*regions) & (common.list.len() == 0)
    several = pl.col("bearing") > _COMMON
    return {
        "same-identifier": pl.coalesce(
            pl.when(pl.col(name) == pl.col(f"{name}_other")).then(
                pl.lit(f"{name.upper()} ") + pl.col(name)
            )
            for name in _IDENTIFIERS
        ),
        "same-name": pl.when(same).then("letters"),
        "sounds-alike": pl.when(heard & ~same).then("letters"),
        "similar-name": pl.when(~heard).then(pl.col("alike").round(2).cast(pl.String)),
        "same-website": pl.when(pl.col("site") == pl.col("site_other")).then("site"),
        "same-region": pl.when(common.list.len() > 0).then(common.list.join(";")),
        "other-legal-form": pl.when("reform").then(both("forms")),
        "other-kind": differ("kind"),
        "other-region": pl.when(apart).then(
            pl.concat_str(
                pl.col("region").list.join(";"),
                pl.col("region_other").list.join(";"),
                separator=" ≠ ",
            )
        ),
        "other-country": differ("country"),
        "common-name": pl.when(several).then(pl.col("bearing").cast(pl.String)),
    }


def _undecided(pairs: pl.DataFrame, columns: Columns) -> pl.DataFrame:
    decided = sorted(separated(columns.folders, columns.merges))
    schema = {"low": pl.String, "high": pl.String}
    known = pl.DataFrame(decided, schema=schema, orient="row")
    return pairs.with_columns(
        low=pl.min_horizontal("iri", "iri_other"), high=pl.max_horizontal("iri", "iri_other")
    ).join(known, on=["low", "high"], how="anti")


def _references(columns: Columns, iris: pl.Series) -> dict[str, str]:
    """Return how a decision refers to each actor: by its source and its id there.

    Unlike an IRI this stays as it is when an actor is given a registration number.
    """
    rows = columns.stated("actors").select("iri", "origin", "id")
    chosen = rows.filter(pl.col("iri").is_in(iris.unique().implode()))
    firsts = chosen.unique("iri", keep="first", maintain_order=True)
    return {iri: f"{origin}:{key}" for iri, origin, key in firsts.rows()}


def _proposals(pairs: pl.DataFrame, references: Mapping[str, str]) -> Iterator[Proposal]:
    for row in pairs.iter_rows(named=True):
        yield Proposal(
            actor=references[row["iri"]],
            actor_name=row["name"],
            same_as=references[row["iri_other"]],
            same_as_name=row["name_other"],
            score=row["score"],
            reasons={reason: row[reason] for reason in _REASONS if row[reason] is not None},
        )
