"""Plinth: loading a language model, its heads, greedy decoding."""
