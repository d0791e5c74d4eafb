"""Scorecards, comparisons and audits as text, Markdown and CSV."""
