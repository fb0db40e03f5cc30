"""The science of the workflow: recording, decomposition, graphs, ablation, noise and claims.

Nothing in this package knows of the workflow engine that calls it.
"""

__version__ = "0.2.0"
