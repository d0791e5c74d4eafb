"""The planner: counts -> formulation -> solve -> allocate -> tasks."""
