"""Where things are."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
SCRIPTS = REPOSITORY / "workflow_scripts"
MODELS = REPOSITORY / "tests/models"  # tiny ones
PUBLISHED = REPOSITORY / "config/published"
DEMO = REPOSITORY / "config/problems/demo.jsonl"
SHARED = REPOSITORY.parent / "shared/data"  # sets that must not be copied into the project; tests skip without
