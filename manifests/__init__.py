"""Contracts between the stages: tables, parameters, cells, seeds, the image codec and errors."""

from manifests.core import signals

signals.while_importing()
