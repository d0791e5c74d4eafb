"""Contracts between the stages: tables, parameters, cells, seeds, the image codec and errors."""
