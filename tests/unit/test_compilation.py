"""However many processes start at once, one compiles; and libraries of the hub are told not to ask the network."""

import os
import subprocess
import sys
import time
from pathlib import Path

from synergy.compilation import alone
from synergy.offline import VARIABLES, offline

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
CODE = """
import sys
sys.path.insert(0, sys.argv[1])
from synergy.compilation import compile_kernels
from synergy.decomposition import Settings
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


def test_offline_reaches_the_hubs_library_and_ends_with_the_script():
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from synergy.offline import offline
with offline():
    import huggingface_hub.constants
    print(huggingface_hub.constants.HF_HUB_OFFLINE)
"""
    command = [sys.executable, "-c", code, str(SCRIPTS)]
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout == "True\n"
    before = {name: os.environ.get(name) for name in VARIABLES}
    with offline():
        assert all(os.environ[name] == "1" for name in VARIABLES)
    assert {name: os.environ.get(name) for name in VARIABLES} == before
