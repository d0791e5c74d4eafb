"""The planner: from the problem to verified counts."""
