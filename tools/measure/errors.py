# SPDX-License-Identifier: Apache-2.0
"""The kit's errors."""


class UserError(Exception):
    """Something that the caller has to put right: told in one line, exit code 2."""


class Unavailable(Exception):
    """This machine cannot run a kernel, or not this case of it: told once, the rows are left out."""


def first_line(error):
    """An exception's text, short enough for one line."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
