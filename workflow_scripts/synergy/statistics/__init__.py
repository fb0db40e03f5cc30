"""Plinth: ranks, intervals and tests, thin over scipy and statsmodels."""
