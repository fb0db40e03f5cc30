"""Heads by their pairs: scores, layer profiles, networks, orders of removal, training."""
