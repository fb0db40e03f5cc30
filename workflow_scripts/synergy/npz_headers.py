"""What an npz file says about itself, checked before anything is made room for."""

import zipfile
from pathlib import Path

import numpy as np

# A byte of deflated data gives 1,032 at most (the limit of the format): what announces more is forged.
LARGEST_RATIO = 1032


def check_npz(path: str | Path) -> None:
    """Refuse a file whose arrays are pickles or announce another size than is there.

    Raises
    ------
    ValueError, or whatever the readers of zip and npy raise on other bytes.
    """
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.filename.endswith(".npy"):
                raise ValueError(f"{member.filename!r} is no array")
            if member.file_size > LARGEST_RATIO * (member.compress_size + 1):
                raise ValueError(f"{member.filename} announces more bytes than deflated data can give")
            with archive.open(member) as file:
                read_header = {
                    (1, 0): np.lib.format.read_array_header_1_0,
                    (2, 0): np.lib.format.read_array_header_2_0,
                }[np.lib.format.read_magic(file)]
                shape, _, dtype = read_header(file)
                header_size = file.tell()
            if dtype.hasobject:
                raise ValueError(f"{member.filename} holds pickled objects")
            announced = dtype.itemsize
            for length in shape:  # in whole numbers of Python, which do not overflow
                announced *= length
            if min(shape, default=0) < 0 or header_size + announced != member.file_size:
                raise ValueError(f"{member.filename} announces an array of shape {shape}, other than it holds")
