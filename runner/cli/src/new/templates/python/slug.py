"""Slugs of titles. Needs no database, so that it can be tested with any Python."""

import re


def slug_of(title):
    """Words of letters and digits, in lower case, with `-` between them."""
    return "-".join(re.findall(r"[^\W_]+", title)).lower()
