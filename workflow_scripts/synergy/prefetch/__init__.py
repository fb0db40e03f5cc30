"""Fetching models from the hub, a folder or packages: the only part that uses the network."""
