"""The plan's report in sentences and table rows, for its page."""

from __future__ import annotations

from manifests.tables.plan_report import PlanReport

VARIED = 12  # cells whose variety is shown


def short(plan: PlanReport) -> str:
    """The plan in one sentence."""
    kept = "every photo" if plan.keep == plan.available else f"{plan.keep:,} of {plan.available:,} photos"
    return f"{plan.total:,} train images: {kept} kept and {plan.augment:,} copies made."


def lead(plan: PlanReport) -> str:
    """The plan in two sentences, and a third where an emphasis is on."""
    return f"{short(plan)} {proof(plan)}"


def proof(plan: PlanReport) -> str:
    """How close the plan is to its targets, and whether that is proven; and an emphasis that is on."""
    proof = "This is proven to be the best plan" if plan.status == "optimal" else "A better plan is not ruled out"
    return (
        f"{proof}; its deviation from the targets is {plan.objective:,.6g} images, "
        f"and no plan has less than {plan.bound:,.6g}." + _emphasis(plan)
    )


def _emphasis(plan: PlanReport) -> str:
    told = [f"{value} x {factor:g}" for values in plan.emphasis.values() for value, factor in values.items()]
    return f" The emphasis of manifests/emphasis.json is on: {', '.join(told)}." if told else ""


def figures(plan: PlanReport) -> list[tuple[str, str]]:
    """The headline figures: (name, number)."""
    return [
        ("images", f"{plan.total:,}"),
        ("photos kept", f"{plan.keep:,}"),
        ("copies", f"{plan.augment:,}"),
        ("most copies of one photo", f"{max((each.copies for each in plan.copies), default=0)}"),
        *([] if plan.copies_of_person is None else [("most copies of one person", f"{plan.copies_of_person}")]),
        ("cells with photos", f"{plan.cells.with_photos} of {plan.cells.all}"),
    ]


def warnings(plan: PlanReport) -> list[str]:
    """What a reader must see: levels without a proof, shares out of reach, policies that are often rejected."""
    found = [
        f"Level {level.name} is not proven: its value is {level.objective:,.6g}, its bound {level.bound:,.6g}."
        for level in plan.levels
        if not level.proven
    ]
    if plan.shares_reached is False:
        found.append("No total reaches the shares within the hard constraints; this is the least that comes closest.")
    return found + [
        f"Copies made by the policy {name} are often rejected: {each.rejected:,} so far. "
        "Lower its weight or its severity."
        for name, each in plan.rejected.items()
        if each.often
    ]


def constraints(plan: PlanReport) -> list[tuple[str, ...]]:
    """Joint targets, floors and ceilings: name, least, most or wanted, reached, reason."""
    joint: list[tuple[str, ...]] = [
        (f"joint {each.pattern}", "", f"{each.wanted:,}", f"{each.reached:,}", each.reason) for each in plan.joint
    ]
    return joint + [
        (each.constraint, _number(each.least), _number(each.most), f"{each.reached:,}", "")
        for each in plan.constraints
        if each.constraint != "plan.total"
    ]


def binding(plan: PlanReport) -> list[str]:
    """One sentence for all binding constraints of one key that save the same deviation."""
    groups: dict[tuple[str, float], list[str]] = {}
    for each in plan.binding:
        groups.setdefault((each.constraint, each.saves), []).append(each.cell)
    return [
        f"{constraint}: one image more or less saves {_images(saves)} of deviation{_in(cells)}."
        for (constraint, saves), cells in groups.items()
    ]


def _in(cells: list[str]) -> str:
    if not any(cells):
        return ""
    return f", in {cells[0]}" if len(cells) == 1 else f", in each of {len(cells)} cells: {'; '.join(cells)}"


def acquisition(plan: PlanReport) -> list[str]:
    """One sentence for each entry of the acquisition list."""
    return [
        f"{each.photos:,} {'photo' if each.photos == 1 else 'photos'} of {each.cell}: "
        f"{each.saves / each.photos:,.3g} per photo, which leaves a deviation of {_images(each.left)}."
        for each in plan.acquisition
    ]


def variety(plan: PlanReport) -> list[tuple[str, ...]]:
    """The cells where a new person would help most: name, photos, persons, copies, copies per photo, pairs, a note."""
    return [
        (
            each.cell,
            f"{each.photos:,}",
            f"{each.persons:,}",
            f"{each.copies:,}",
            f"{each.per_photo:.1f}",
            f"{each.pairs:,}",
            "one person" if each.alone else "",
        )
        for each in plan.variety[:VARIED]
    ]


def rejected(plan: PlanReport) -> list[tuple[str, ...]]:
    """Policy, copies planned, copies rejected, and a note where that is often."""
    return [
        (name, f"{each.planned:,}", f"{each.rejected:,}", "often rejected" if each.often else "")
        for name, each in plan.rejected.items()
    ]


def _images(number: float) -> str:
    return f"{number:,.4g} {'image' if number == 1 else 'images'}" if number < 1e4 else f"{number:,.0f} images"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"
