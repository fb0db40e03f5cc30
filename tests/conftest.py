"""Put the library and the scripts on the path, as the workflow does for a script."""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY / "workflow_scripts"))
