"""Count what the gates did and what failed: `render.json`, the same for the same inputs."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from augment.rendering.messages import Failed, Made


@dataclass
class Report:
    """Counts over a whole run.

    Attributes:
        copies: policy -> images.
        redrawn: policy -> gate -> attempts turned down.
        kept_anyway: policy -> copies whose last attempt was turned down too.
        failures: path -> reason.
        filled: task_id of a failed image -> that of the copy in its place, or None.
        rendered, reused: images rendered now, and taken from the store; printed, not written.
    """

    copies: Counter[str] = field(default_factory=Counter)
    redrawn: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    kept_anyway: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    filled: dict[str, str | None] = field(default_factory=dict)
    originals: int = 0
    rendered: int = 0
    reused: int = 0

    def made(self, policy: str | None, made: Made) -> None:
        """Count an image of a shard."""
        if policy is None:
            self.originals += 1
            return
        self.copies[policy] += 1
        self.rendered += made.rendered
        self.reused += made.rendered == 0
        self.redrawn[policy].update(made.verdicts)
        self.kept_anyway[policy] += made.kept_anyway

    def add(self, text: str) -> None:
        """Count what another report, of a run in which no photo failed, says."""
        other = json.loads(text)
        self.originals += other["originals"]
        for name, counts in other["policies"].items():
            self.copies[name] += counts["copies"]
            self.redrawn[name].update(counts["redrawn"])
            self.kept_anyway[name] += counts["kept_anyway"]

    def failed(self, failed: Failed) -> None:
        """Count a photo that failed; once, however many of its tasks did."""
        self.failures[failed.path] = failed.reason

    def fill(self, task_id: str, substitute: str | None) -> None:
        """Note which task took a failed image's place."""
        self.filled[task_id] = substitute

    def to_json(self) -> str:
        """The file's text."""
        content: dict[str, Any] = {
            "originals": self.originals,
            "copies": self.copies.total(),
            "policies": {
                name: {
                    "copies": count,
                    "redrawn": dict(sorted(self.redrawn[name].items())),
                    "kept_anyway": self.kept_anyway[name],
                }
                for name, count in sorted(self.copies.items())
            },
            "failures": [{"path": path, "reason": reason} for path, reason in sorted(self.failures.items())],
            "filled": [{"task_id": task, "by": by} for task, by in sorted(self.filled.items())],
        }
        return json.dumps(content, indent=1) + "\n"

    def summary(self) -> str:
        """What the command prints."""
        redrawn = sum((counts for counts in self.redrawn.values()), Counter[str]())
        gates = ", ".join(f"{count:,} {reason}" for reason, count in sorted(redrawn.items())) or "none"
        lines = [
            f"{self.originals:,} originals and {self.copies.total():,} copies"
            f" ({self.rendered:,} images rendered, {self.reused:,} copies from the store)",
            f"redrawn: {gates}; kept after the last attempt: {self.kept_anyway.total():,}",
        ]
        lines += [f"failed: {path}: {reason}" for path, reason in sorted(self.failures.items())]
        lines += [f"filled: {task} by {by or 'nobody'}" for task, by in sorted(self.filled.items())]
        return "\n".join(lines)
