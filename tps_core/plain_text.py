"""Names of files as text that can be shown: a name may hold anything, and terminals obey it."""

import re

# Control characters, those that turn the direction of writing, and bytes that are no text.
HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)


def shown(text: object) -> str:
    """The text in one line, with what can't be seen spelled out: "\\x1b" for an escape."""
    return HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), str(text))
