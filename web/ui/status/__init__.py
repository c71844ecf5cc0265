"""Shows the state of things: engine, model, downloads, languages, notices."""
