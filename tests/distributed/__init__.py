"""Stages on clusters of real processes; run by `make test-distributed`, the Dask cases in CI."""
