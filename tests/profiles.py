"""ICC profiles for the tests, made by the ICC's specification; Pillow makes none but sRGB's."""

import struct

import numpy as np

D50 = (0.9642, 1.0, 0.8249)
P3_COLUMNS = ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))


def display_p3(gamma=2.2):
    """The primaries of Display P3, with a plain gamma."""
    names = (b"rXYZ", b"gXYZ", b"bXYZ")
    tags = {name: _xyz(*column) for name, column in zip(names, P3_COLUMNS, strict=True)}
    return _profile(
        b"mntrRGB XYZ ", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(gamma))
    )


def grey(gamma):
    return _profile(b"mntrGRAYXYZ ", {b"kTRC": _gamma(gamma)})


def cmyk():
    """Inks that darken by different amounts, and tint a little."""
    ramp = bytes(range(256))
    corners = np.stack(np.meshgrid(*[[0, 1]] * 4, indexing="ij"), -1).reshape(16, 4)
    light = 100 - corners @ [25, 30, 10, 60]
    tints = 128 + corners @ np.array([[-30, -40], [60, -5], [-5, 70], [0, 0]])
    lab = np.stack([light.clip(0, 100) * 2.55, *tints.T], 1).clip(0, 255).round().astype(np.uint8)
    matrix = b"".join(map(_fixed, (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    table = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + ramp * 4 + lab.tobytes() + ramp * 3
    return _profile(b"prtrCMYKLab ", {b"A2B0": table})


def _profile(kind, tags):
    text = b"text\0\0\0\0test\0"
    name = b"desc\0\0\0\0" + struct.pack(">I", 5) + b"test\0" + bytes(78)
    tags = {b"desc": name, b"cprt": text, b"wtpt": _xyz(*D50)} | tags
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for tag, content in tags.items():
        content += bytes(-len(content) % 4)
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content
    header = struct.pack(">I4sI", start + len(body), bytes(4), 0x02400000) + kind
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += b"".join(map(_fixed, D50))
    return header + bytes(128 - len(header)) + struct.pack(">I", len(tags)) + table + body


def _fixed(value):
    return struct.pack(">i", round(value * 65536))


def _xyz(*values):
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))
