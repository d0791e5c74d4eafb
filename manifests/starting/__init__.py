"""The start command: from a folder or a table of photos to a `params.yaml`."""
