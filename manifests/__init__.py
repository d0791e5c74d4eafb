"""Contracts between the stages: tables, parameters, cells, seeds, the image codec and errors."""

from manifests.core import early

early.while_importing()
