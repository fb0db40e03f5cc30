"""The published claims, tested and controlled."""
