"""What was rendered once: the store's keys and its packs."""
