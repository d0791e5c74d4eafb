"""The render stage: tasks become images in shards."""
