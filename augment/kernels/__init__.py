"""What forms pixels: policies, ops and the quality gates. The store's key hashes these files whole."""
