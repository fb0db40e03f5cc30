"""Pages of HTML from the templates of this folder: everything put into them is escaped, images lie inside."""

import base64
import io
import json
from pathlib import Path

from docutils.core import publish_parts
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from synergy.files.errors import InputError
from synergy.report.style import FAINT, INK, REDUNDANCY, SYNERGY

COLOURS = {"ink": INK, "faint": FAINT, "synergy": SYNERGY, "redundancy": REDUNDANCY}


def page_of(template: str, filters: dict | None = None, **values) -> str:
    """Fill in a template beside this module; what is missing is an error."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"json": lambda value: json.dumps(value, indent=1), **(filters or {})}
    return environment.get_template(template).render(colours=COLOURS, **values)


def caption_as_html(text: str, model: str) -> str:
    """A caption of the report (reStructuredText with Jinja's blanks, as Snakemake reads it) as HTML.

    Parameters
    ----------
    text : str
        The caption; its only blank is ``snakemake.wildcards.model``.
    model : str
        What stands in the blank.
    """
    filled = Environment(undefined=StrictUndefined).from_string(text).render(snakemake={"wildcards": {"model": model}})
    safe = {"file_insertion_enabled": False, "raw_enabled": False, "report_level": 2, "halt_level": 2}
    return publish_parts(filled, writer="html5", settings_overrides=safe)["body"].strip()


def embedded_image(path: str | Path) -> tuple[str, int, int]:
    """An image to put into a page, of all its pixels, and its width and height.

    Written as WebP, which makes heat maps of many pairs six times smaller than PNG at a loss that cannot be seen.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    buffer = io.BytesIO()
    try:
        with Image.open(path) as image:
            image.convert("RGB").save(buffer, "WEBP", quality=90)
            width, height = image.size
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(f"an image at {path}", f"{error}", "delete it and run the workflow again") from None
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}", width, height
