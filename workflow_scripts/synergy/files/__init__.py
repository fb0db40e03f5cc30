"""Plinth: reading and writing, messages, and what a result was made by."""
