"""A guest that uses all of the Python SDK; driven by tests/guests/harness/python.rs."""

from . import (
    cases,
    cases_with_entropy,
    entropy,
    fails,
    settings,
    statements,
    steps,
    values,
    warm_up,
    without_entropy,
    wrong_values,
)

__all__ = [
    "cases",
    "cases_with_entropy",
    "entropy",
    "fails",
    "settings",
    "statements",
    "steps",
    "values",
    "warm_up",
    "without_entropy",
    "wrong_values",
]
