"""The planner: counts -> formulation -> solve -> allocate -> tasks."""

from manifests.core import signals

signals.while_importing()
