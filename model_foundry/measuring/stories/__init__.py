"""Makes problems told as stories, and measures how the agents solve them."""
