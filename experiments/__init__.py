"""Tables of experiments: many parameter sets, each a DVC experiment, and one report over all of them."""

from manifests.core import early

early.while_importing()
