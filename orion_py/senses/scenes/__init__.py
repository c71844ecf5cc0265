"""Says what a picture shows: objects, kinds, colours, and the report that puts them together."""
