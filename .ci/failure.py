"""The exceptions with which a case of .ci/asterisk fails or is skipped."""

import time


class Failure(Exception):
    """A case failed. The text is the reason."""


class NotPossibleHere(Exception):
    """A case was skipped because it lacks a permission. The text names the permission."""


def wait_until(condition, seconds, what):
    """Calls condition() every 50 ms until it is true. After `seconds`, raises a Failure that names `what`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds:g} s")
        time.sleep(0.05)
