"""However many processes start at once with nothing compiled, one compiles and the others wait."""

import os
import subprocess
import sys
import time
from pathlib import Path

from synergy.phiid.decomposition import alone

SCRIPTS = Path(__file__).parents[3] / "workflow_scripts"
CODE = """
import sys
sys.path.insert(0, sys.argv[1])
from synergy.phiid.decomposition import compile_kernels
from synergy.phiid.decomposition import Settings
compile_kernels(Settings(surrogates=2))
"""


def test_of_processes_that_start_together_one_compiles(tmp_path):
    command = [sys.executable, "-c", CODE, str(SCRIPTS)]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DEBUG_CACHE": "1"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    processes = [subprocess.Popen(command, env=environment, **pipes) for _ in range(3)]
    said = [process.communicate()[0] for process in processes]
    assert not any(process.returncode for process in processes)
    assert sorted("data saved" in text for text in said) == [False, False, True]


def test_lock_is_waited_for_but_not_for_ever(tmp_path):
    with alone(tmp_path):
        before = time.monotonic()
        with alone(tmp_path, patience_s=0.3):
            assert time.monotonic() - before >= 0.3
    with alone(tmp_path, patience_s=100):
        assert time.monotonic() - before < 10
