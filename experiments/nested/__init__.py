"""Nested cross-validation: each way chooses its setting within the outer folds, which alone give the figures."""
