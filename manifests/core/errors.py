"""What a user can put right, said in one template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class UserError(Exception):
    """A mistake in the input or the parameters, to be shown without a traceback.

    The message reads `<where>: expected <rule>. Received <value>. <what to do>.`

    Args:
        where: the file, and within it the key or the row. A key that begins with a dot or a colon, or the
            empty text, is relative: `located` says what it belongs to.
        rule: what would have been right.
        received: what was found instead.
        remedy: what to do about it.
    """

    def __init__(self, where: str, rule: str, received: object, remedy: str) -> None:
        self.where, self.rule, self.received, self.remedy = where, rule, str(received), remedy
        super().__init__(where, rule, self.received, remedy)  # the arguments of __init__, or it can't be unpickled

    def __str__(self) -> str:
        return f"{self.where}: expected {self.rule}. Received {self.received}. {self.remedy}."


class PlanInfeasible(UserError):
    """The hard constraints of the `plan` section contradict one another.

    Args:
        conflict: the keys of a minimal conflict: without any one of them the others agree.
        nearest: key -> the value that makes the constraints agree.
    """

    def __init__(
        self, where: str, received: str, remedy: str, conflict: tuple[str, ...], nearest: dict[str, int | float]
    ) -> None:
        super().__init__(where, "hard constraints that agree", received, remedy)
        self.conflict, self.nearest = conflict, nearest
        self.args = (where, received, remedy, conflict, nearest)


def nearest(name: object, known: Iterable[str]) -> str:
    """` (did you mean max_copies?)` where a known name is close to the one received; else empty."""
    by_folded = {one.casefold(): one for one in known}
    found = get_close_matches(str(name).casefold(), by_folded, 1, 0.6)
    return f" (did you mean {by_folded[found[0]]}?)" if found else ""


@contextmanager
def located(place: str) -> Iterator[None]:
    """Put `place` before the relative keys of the errors raised inside.

    What raises an error knows the key, such as `.max_copies` or `: line 3`; the command's door knows the file:

        with located("params.yaml: plan"):
            ...  # raises "params.yaml: plan.max_copies: expected ..."

    Places nest; an error that names a file already stays as it is.

    Args:
        place: the file and the section, or a relative key within an outer `located`.
    """
    try:
        yield
    except UserError as error:
        if error.where[:1] in ("", ".", ":"):
            error.where = _joined(place, error.where)
        raise


def _joined(place: str, key: str) -> str:
    """Put a key behind its place: `params.yaml: plan`, then `params.yaml: plan.total`."""
    if key.startswith(".") and not place.startswith(".") and ": " not in place:
        return f"{place}: {key[1:]}"
    return place + key
