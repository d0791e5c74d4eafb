"""The renderer: named policies, drawn then applied, rendered by a pool of workers into shards."""

from manifests.core import signals

signals.while_importing()
