"""What the trainer reads: samples, views, pixels and features."""
