"""The trainer and the scorer: shards -> batches -> model -> predictions -> scorecard."""

from manifests.core import signals

signals.while_importing()
