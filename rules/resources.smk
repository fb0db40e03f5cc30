# Needs the models. Gives what a job asks a machine for, more for a large model and at each attempt.
import re
from math import ceil
from decimal import Decimal


def minutes_of(time):
    """Minutes of a time as SLURM writes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours[:…]."""
    days, _, rest = time.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    if days or len(parts) == 3:
        hours, minutes, seconds = [*parts, 0, 0][:3]
    else:
        hours, (minutes, seconds) = 0, [*parts, 0][:2]
    return 1440 * int(days or 0) + 60 * hours + minutes + (seconds > 0)


def for_pairs(amount, power=2):
    """As much as `amount` up to 3,000 heads, and beyond as a power of their number grows: the square is that of pairs."""

    def needed(wildcards):
        model = stanza(wildcards)
        more = max(1, model["layers"] * model["heads"] / 3000) ** power
        number, unit = re.fullmatch(r"(\d+)(\w+)", amount).groups()
        return f"{ceil(int(number) * more)}{unit}"

    return needed


def growing(amount):
    """An amount like 4GB or 2h, or a function that gives it; the n-th attempt at a job asks for n times as much."""

    def grown(wildcards, attempt):
        whole = amount(wildcards) if callable(amount) else amount
        if re.fullmatch(r"[\d:-]+", str(whole)):
            return minutes_of(str(whole)) * attempt
        number, unit = re.fullmatch(r"([\d.]+) ?(\w+)", whole).groups()
        return f"{Decimal(number) * attempt:f}{unit}"

    return grown
