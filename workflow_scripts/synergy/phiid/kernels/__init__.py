"""The compiled inner loops of the decomposition."""
