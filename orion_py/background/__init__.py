"""Does what nobody waits for: upgrades, updates, prediction, GPU trials, snapshots."""
