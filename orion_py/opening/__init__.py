"""Opens a session on stored shards, falling back to simpler ways to compute when one fails."""
