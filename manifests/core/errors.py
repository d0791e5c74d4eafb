"""What a user can put right, said in one template."""

from __future__ import annotations


class UserError(Exception):
    """A mistake in the input or the parameters, to be shown without a traceback.

    The message reads `<where>: expected <rule>. Received <value>. <what to do>.`

    Args:
        where: the file, and within it the key or the row.
        rule: what would have been right.
        received: what was found instead.
        remedy: what to do about it.
    """

    def __init__(self, where: str, rule: str, received: object, remedy: str) -> None:
        self.where, self.rule, self.received, self.remedy = where, rule, str(received), remedy
        super().__init__(f"{where}: expected {rule}. Received {received}. {remedy}.")


class PlanInfeasible(UserError):
    """The hard wishes of the `plan` section contradict one another.

    Args:
        conflict: the keys of a minimal conflict: without any one of them the others agree.
        nearest: key -> the value that makes the wishes agree.
    """

    def __init__(
        self, where: str, received: str, remedy: str, conflict: tuple[str, ...], nearest: dict[str, int | float]
    ) -> None:
        super().__init__(where, "hard wishes that agree", received, remedy)
        self.conflict, self.nearest = conflict, nearest
