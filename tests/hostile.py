"""Makes bad files out of good ones: bits flipped, ends cut off, other values in other places."""

import copy
import json

# What nobody expects where something else was.
VALUES = [
    None, True, False, 0, -1, 1, 2, 3, 20000, 4000, 2**31, 2**63, 2**64, 10**250, -(10**18),
    0.5, -0.5, 1e-320, 1e30, 1e300, float("nan"), float("inf"), float("-inf"),
    "", "x", "ibug-68", "nan", "1", "\ud800", "\x00", "a\nb\x1b[31m", "y" * 20_000,
    [], {}, [[]], [None], [1, 2, 3], [[1, 2]], [0, 0], [-5, -5], [9, 1e999], [True, True],
    {"size": [1, 1]}, {"x": 1, "y": 2}, [{}], [[[[[[1]]]]]], list(range(300)),
]  # fmt: skip
KEYS = ["", "size", "faces", "points", "blocks", "name", "crop", "__proto__", "mood", "\ud800"]


def places(value, way=()):
    """The way to each value within the value, itself included."""
    yield way
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in parts:
            yield from places(part, (*way, key))


def twist(value, random):
    """The JSON value with one to three places changed."""
    value = copy.deepcopy(value)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        value = _twist_once(value, random)
    return value


def _twist_once(value, random):
    ways = list(places(value))
    # Of many alike, such as coordinates, the few others would hardly ever be met.
    few = [way for way in ways if len(way) < 4]
    way = random.choice(random.choice([ways, few]))
    if not way:
        return random.choice(VALUES)
    holder = value
    for key in way[:-1]:
        holder = holder[key]
    key = way[-1]
    kind = random.randrange(6)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, dict):
        holder[random.choice(KEYS)] = holder.pop(key)
    elif kind == 2 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(random.choice(holder)))
    elif kind == 3 and isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
        holder[key] = holder[key] * random.choice([-1, 0, 1.5, 1e6, 1e12])
    else:
        holder[key] = copy.deepcopy(random.choice(VALUES))
    return value


def hostile_json(value, random):
    """A JSON text with something wrong in what it says, or in how it says it."""
    kind = random.randrange(20)
    if kind < 13:
        return json.dumps(twist(value, random)).encode()
    text = json.dumps(value)
    if kind == 13:
        return b"\xef\xbb\xbf" + text.encode()
    if kind == 14:
        return text.encode(random.choice(["utf-16", "utf-16-le", "utf-32", "utf-7"]))
    if kind == 15:
        depth = random.choice([100, 900, 2000, 100_000])
        return (random.choice(["[", '{"a":', '{"size":[']) * depth).encode()
    if kind == 16:
        depth = random.choice([50, 300, 2000, 20_000])
        return text.replace("[", "[" * depth, 1).replace("]", "]" * depth, 1).encode()
    if kind == 17:
        digits = "9" * random.choice([310, 5000, 100_000])
        return _somewhere(text, random, digits)
    if kind == 18:
        first = text[1 : text.find(",")]
        return ("{" + first + "," + text[1:]).encode()
    return hostile_bytes(text.encode(), random)


def _somewhere(text, random, digits):
    """The text with one of its numbers replaced."""
    starts = [i for i, c in enumerate(text) if c.isdigit() and not text[i - 1].isalnum()]
    if not starts:
        return text.encode()
    start = random.choice(starts)
    end = start
    while end < len(text) and (text[end].isdigit() or text[end] in ".e"):
        end += 1
    return (text[:start] + digits + text[end:]).encode()


def hostile_bytes(content, random, head=4000):
    """The bytes with some changed, left out or put in; most of them at the beginning."""
    content = bytearray(content)
    kind = random.randrange(8)
    if kind == 0:
        return bytes(content[: random.randrange(len(content))])
    if kind == 1:
        start = random.randrange(len(content))
        del content[start : start + random.choice([1, 4, 100])]
        return bytes(content)
    if kind == 2:
        start = random.randrange(len(content))
        return bytes(
            content[:start] + random.randbytes(random.choice([1, 8, 500])) + content[start:]
        )
    if kind == 3:
        return random.randbytes(random.choice([0, 1, 8, 100, 5000]))
    for _ in range(random.choice([1, 1, 4, 30])):
        reach = random.choice([min(64, len(content)), min(head, len(content)), len(content)])
        place = random.randrange(reach)
        content[place] = random.choice([content[place] ^ 1 << random.randrange(8), 0, 255])
    return bytes(content)


def split_container(content):
    """A safetensors file's header, its record parsed, and its numbers."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    for name in ("record", "graphs"):
        if name in header["__metadata__"]:
            header["__metadata__"][name] = json.loads(header["__metadata__"][name])
    return header, content[8 + length :]


def join_container(header, numbers, random=None):
    """A safetensors file of them; with `random`, something may be wrong with its record's text."""
    header = copy.deepcopy(header)
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    if isinstance(metadata, dict):
        for name in ("record", "graphs"):
            if name in metadata and not isinstance(metadata[name], str):
                text = hostile_json(metadata[name], random) if random else None
                metadata[name] = text.decode("latin-1") if text else json.dumps(metadata[name])
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + numbers


def hostile_container(content, random):
    """A safetensors file with something wrong in its header, its record or its numbers."""
    kind = random.randrange(10)
    if kind < 2:
        return hostile_bytes(content, random)
    header, numbers = split_container(content)
    metadata = header["__metadata__"]
    if kind < 6:
        name = "graphs" if "graphs" in metadata else "record"
        metadata[name] = twist(metadata[name], random)
        return join_container(header, numbers)
    if kind == 6:
        return join_container(header, numbers, random)
    if kind == 7:
        return join_container(twist(header, random), numbers)
    tensors = [name for name in header if name != "__metadata__"]
    name = random.choice(tensors)
    entry = header[name]
    if kind == 8:
        entry["dtype"] = random.choice(
            ["F16", "F32", "F64", "BF16", "I8", "U8", "I16", "I64", "BOOL", "C64", "F8_E4M3", "F4"]
        )
        entry["shape"] = random.choice([entry["shape"], entry["shape"][::-1], [-1], [], [2**62, 4]])
        if random.random() < 0.3:
            header[random.choice(tensors)] = header.pop(name)
        return join_container(header, numbers)
    numbers = bytearray(numbers)
    begin, end = entry["data_offsets"]
    if end - begin >= 8:
        place = random.randrange(begin, end - 7) // 4 * 4
        # All of these are NaN or infinite in half, single and double precision, or enormous.
        numbers[place : place + 8] = random.choice(
            [
                b"\xff" * 8,
                b"\x00\x7c" * 4,
                b"\x00\x00\x80\x7f" * 2,
                b"\xff\x7b" * 4,
                b"\xff\x7e\x7f\x7f" * 2,
            ]
        )
    return join_container(header, bytes(numbers))
