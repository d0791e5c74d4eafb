"""Adapters: one small module a source layout."""
