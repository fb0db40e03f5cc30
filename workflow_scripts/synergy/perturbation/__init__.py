"""Noise in chosen heads, and what it does to mathematical problems."""
