"""Snakemake as from its command line, but looking at jobs every 2 s: the executor waits longer and longer instead."""

import sys

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor

backing_off = RemoteExecutor.next_seconds_between_status_checks
RemoteExecutor.next_seconds_between_status_checks = backing_off.setter(
    lambda executor, seconds: backing_off.fset(executor, min(seconds, 2))
)
sys.exit(main(sys.argv[1:]))
