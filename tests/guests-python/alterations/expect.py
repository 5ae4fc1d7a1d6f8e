"""Differences between what is and what should be, gathered so that one run tells all of them."""

from alteration_sdk import Error


class Expectations:
    def __init__(self):
        self.differences = []

    def same(self, what, found, expected):
        # Of equals too: 1 is not True, nor is 1.0.
        if repr(found) != repr(expected):
            self.differences.append(f"{what}: {found!r} is not {expected!r}")

    def refused(self, what, words, call):
        """`call` raises an `Error` whose message has all of `words`."""
        try:
            call()
        except Error as error:
            for word in words:
                if word not in error.message:
                    self.differences.append(f"{what}: no `{word}` in: {error.message}")
        except BaseException as error:
            self.differences.append(f"{what}: {error!r}")
        else:
            self.differences.append(f"{what}: not refused")

    def settle(self):
        if self.differences:
            raise Error("\n".join(self.differences))
