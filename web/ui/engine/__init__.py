"""The page's side of the engine: requests, messages, and the state that they make."""
