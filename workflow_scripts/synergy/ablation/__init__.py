"""Removing heads, and how far the distribution of the model moves."""
