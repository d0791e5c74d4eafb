"""The pages: plan, gallery and results."""
