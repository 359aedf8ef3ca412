"""How a case of .ci/asterisk fails, or is left out."""

import time


class Failure(Exception):
    """A case failed; the text says why."""


class NotPossibleHere(Exception):
    """A case was left out, as whoever runs it may not do what it needs; the text says what that is."""


def wait_until(condition, seconds, what):
    """Asks condition() every 50 ms until it is true; a Failure naming `what` once `seconds` are over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Failure(f"{what}: not within {seconds:g} s")
        time.sleep(0.05)
