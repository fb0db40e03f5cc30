"""The one exception that bad input raises, and the advice that costs nobody a file."""


class InputError(Exception):
    """Input that the workflow cannot use.

    Parameters
    ----------
    expected : str
        What the code needs, naming the file and key.
    found : str
        What is there instead.
    hint : str
        What the user can do about it.
    """

    def __init__(self, expected: str, found: str, hint: str):
        self.expected, self.found, self.hint = expected, found, hint
        super().__init__(f"Expected {expected}; found {found}.\n  Hint: {hint}")


def set_aside(path: object) -> str:
    """The hint for an artifact that is no use and may be a user's own: moved away, it is made anew, and not lost."""
    return f"mv {path} {path}.before and run the workflow again"
