"""The model that ORION runs, in the formats that the peers read. Made once, kept in the cache."""
