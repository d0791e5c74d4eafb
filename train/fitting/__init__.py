"""The train stage: one run, stage by stage."""
