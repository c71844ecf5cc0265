"""What the page says of itself: engine, model, downloads, languages, notices."""
