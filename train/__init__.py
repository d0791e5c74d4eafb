"""The trainer and the scorer: shards -> batches -> model -> predictions -> scorecard."""

from manifests.core import early

early.while_importing()
