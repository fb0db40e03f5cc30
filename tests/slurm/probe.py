"""Write down what a job of the workflow finds around it."""

import json
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, snakemake.params.library)

from synergy.files.console import logged_to
from synergy.files.errors import InputError
from synergy.models.model_folder import use_local_files

THREADS = ("OMP", "MKL", "OPENBLAS", "NUMBA", "NUMEXPR")

with logged_to(snakemake.log[0]):
    with suppress(InputError):  # there is no such model; what comes before is what every rule that loads one does
        use_local_files("no-model", {"kind": "trained"})
    from synergy.phiid.kernels.compiled_code import keep_compiled_code

    compiled = keep_compiled_code()
    import huggingface_hub.constants
    import numba

    found = {
        "node": os.environ["SLURMD_NODENAME"],
        "threads": {name: os.environ.get(f"{name}_NUM_THREADS") for name in THREADS},
        "numba_threads": numba.config.NUMBA_NUM_THREADS,
        "compiled": str(compiled),
        "tmp": tempfile.gettempdir(),
        "hub_offline": huggingface_hub.constants.HF_HUB_OFFLINE,
        "datasets_offline": os.environ["HF_DATASETS_OFFLINE"],
    }
    Path(snakemake.output[0]).write_text(json.dumps(found))
