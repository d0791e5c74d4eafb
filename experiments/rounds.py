"""The rounds of a table's searches: each one's runs follow from the experiments of the rounds before it."""

from __future__ import annotations

from pathlib import Path

from experiments import figures, results, search, sweeps, table, words
from experiments.sets import ExperimentTable
from manifests.core import params


def drawn(wanted: ExperimentTable, name: str, base: Path, path: Path) -> ExperimentTable:
    """The table with the runs of a set that is a round of a search; the same table for any other set.

    Args:
        wanted: the table.
        name: of the set.
        base: the parameter file that the sets change.
        path: of the table.
    Raises:
        UserError: an earlier round has not run.
    """
    one = wanted.sets[name]
    if one.search is None or one.points:
        return wanted
    told = []
    for earlier in [each for each, other in wanted.sets.items() if other.sweep == one.sweep]:
        if earlier == name:
            break
        wanted = drawn(wanted, earlier, base, path)
        other = wanted.sets[earlier]
        text = table.composed(wanted, other, base)
        rows = figures.rows_of(results.experiment_of(path, earlier), text, earlier, other)
        errors = words.on_valid({row.name: row for row in rows})
        told += [(other.points[run], errors[f"{earlier}.{run}"]) for run in other.runs]
    return sweeps.with_points(wanted, name, search.draw(one.search, params.seed(base), told), first=len(told) + 1)
