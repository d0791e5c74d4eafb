"""The trainer and the scorer: shards -> batches -> model -> predictions -> scorecard."""
