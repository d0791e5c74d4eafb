"""The renderer: named policies, drawn then applied, rendered by a pool of workers into shards."""

from manifests.core import early

early.while_importing()
