"""What the plan, gallery and results pages share."""
