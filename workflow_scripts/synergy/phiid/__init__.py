"""Integrated Information Decomposition of every pair of heads, beside its null."""
