"""One frozen model for each section of `params.yaml`."""
