"""What the shards say about themselves: the card that Hugging Face reads, and Croissant metadata."""
