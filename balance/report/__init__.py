"""What the plan stage says about a plan."""
