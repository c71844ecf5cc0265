"""Converts the model that ORION runs to the formats that the peers read. Made once, kept in the cache."""
