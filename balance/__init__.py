"""The planner: counts -> formulation -> solve -> allocate -> tasks."""

from manifests.core import early

early.while_importing()
