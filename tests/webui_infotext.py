"""Infotexts as A1111 and Forge write and read them: for the host, and for tests without one."""

import json
import re

PAIRS = re.compile(r'\s*([\w\s\-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


def quote(value: object) -> object:
    """The value as it stands in an infotext."""
    return value if not set(",\n:") & set(str(value)) else json.dumps(value, ensure_ascii=False)


def read_infotext(text: str) -> dict[str, str]:
    """The values by key; one like a size is split in two."""
    found = {}
    for key, value in PAIRS.findall(text):
        value = json.loads(value) if value[:1] == '"' == value[-1:] else value
        if size := re.match(r"^(\d+)x(\d+)$", value):
            found[f"{key}-1"], found[f"{key}-2"] = size.groups()
        else:
            found[key] = value
    return found
