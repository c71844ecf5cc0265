"""llama.cpp as a native program, the peer that no browser holds back. Built once, kept in the cache."""
