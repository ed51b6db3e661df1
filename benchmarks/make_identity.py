"""Draws the pack's icon and banner: a face, half photo under a bent grid, half brush strokes.

Writes docs/identity/icon.svg and banner.svg, and beside them the PNG files that the registry shows,
which a Chromium makes of them.
"""

import math
import random
from collections.abc import Iterator
from pathlib import Path

import torch

from editor import FLAGS, find_browser
from tps_portrait.tps_core.tps import fit

IDENTITY = Path(__file__).parents[1] / "docs" / "identity"
SIDE = 400  # of the icon, in pixels
BANNER = (1260, 540)  # 21:9, as the registry wants it
FACE = (200, 190, 84, 112)  # an ellipse: its middle (x, y) and radii; the others too
HAIR = (200, 160, 118, 122)
NECK = (162, 262, 238, 352)  # x0, y0, x1, y1
SHOULDERS = (200, 452, 182, 128)
MIDDLE = 200  # left of it the photo, right of it the paint
# What the paint of each part is mixed of, from the light to the shade.
PAINT = {
    "ground": ["#8fb06a", "#6f9a5d", "#4f8560", "#3f6f63", "#a9be74"],
    "hair": ["#7a4a2c", "#4a2f33", "#33263f", "#25304e", "#a5652f"],
    "skin": ["#fbe0a8", "#f3c184", "#e99d5c", "#d67748", "#a8636b"],
    "clothes": ["#6d9fd0", "#3e6fb3", "#2b4a8b", "#1f2f5f", "#d9b04a"],
}
# Where a grid line's crossings lie on a plain face, and where the drawn one has them, as the
# landmarks of two faces: x, y, and how far it is pushed.
PUSHED = [
    (150, 175, -9, -7), (250, 175, 9, -7), (200, 205, 0, 12), (165, 245, -13, 6),
    (235, 245, 13, 6), (200, 300, 0, 16), (105, 190, -10, 0), (295, 190, 10, 0), (200, 60, 0, -12),
]  # fmt: skip


def main() -> None:
    IDENTITY.mkdir(exist_ok=True)
    portrait = "\n".join([*definitions(), *photo(), *grid(), *strokes(), *painted_features()])
    write("icon", (SIDE, SIDE), f'<g clip-path="url(#card)">\n{portrait}\n</g>')
    write("banner", BANNER, banner(portrait))


def write(name: str, size: tuple[int, int], drawing: str) -> None:
    """Writes the drawing as an SVG file, and as a PNG file."""
    from playwright.sync_api import sync_playwright

    width, height = size
    path = IDENTITY / f"{name}.svg"
    start = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
    path.write_text(f"{start}\n{drawing}\n</svg>\n", "utf-8")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        page = chromium.new_page(viewport={"width": width, "height": height})
        page.set_content(f"<body style='margin:0'>{path.read_text('utf-8')}")
        page.screenshot(path=path.with_suffix(".png"), omit_background=True)
        chromium.close()
    print(path)


def definitions() -> Iterator[str]:
    """The colours that blend, and the outlines that cut."""
    yield "<defs>"
    for name, light, dark, middle in (
        ("wall", "#b9c7cd", "#647985", "30% 25%"),
        ("skin", "#f2cdb2", "#b97c5e", "35% 35%"),
        ("hair", "#6a4a3a", "#2a1d1a", "35% 20%"),
        ("cloth", "#54708a", "#243344", "40% 10%"),
    ):
        cx, cy = middle.split()
        yield f'<radialGradient id="{name}" cx="{cx}" cy="{cy}" r="80%">'
        yield f'<stop stop-color="{light}"/><stop offset="1" stop-color="{dark}"/>'
        yield "</radialGradient>"
    yield f'<clipPath id="card"><rect width="{SIDE}" height="{SIDE}" rx="56"/></clipPath>'
    yield f'<clipPath id="left"><rect width="{MIDDLE}" height="{SIDE}"/></clipPath>'
    yield f'<clipPath id="right"><rect x="{MIDDLE}" width="{MIDDLE}" height="{SIDE}"/></clipPath>'
    yield "</defs>"


def photo() -> Iterator[str]:
    """The smooth half."""
    yield '<g clip-path="url(#left)">'
    yield f'<rect width="{SIDE}" height="{SIDE}" fill="url(#wall)"/>'
    yield ellipse(HAIR, "url(#hair)")
    yield '<path d="M84 170Q70 300 108 332L160 320 150 180z" fill="url(#hair)"/>'
    yield ellipse(SHOULDERS, "url(#cloth)")
    x0, y0, x1, _ = NECK
    yield f'<path d="M{x0} {y0}V330Q200 372 {x1} 330V{y0}z" fill="#b07a5e"/>'
    yield ellipse(FACE, "url(#skin)")
    yield '<path d="M116 196Q104 110 200 84V50Q130 52 104 104z" fill="url(#hair)"/>'
    yield '<path d="M134 158Q152 147 176 156" fill="none" stroke="#3a2620" stroke-width="7"'
    yield ' stroke-linecap="round"/>'
    yield '<path d="M138 182Q156 166 176 183 156 194 138 182z" fill="#fff"/>'
    yield '<circle cx="157" cy="180" r="8.5" fill="#5b4630"/><circle cx="157" cy="180" r="4"/>'
    yield '<path d="M136 182Q156 163 178 184" fill="none" stroke="#2a1a16" stroke-width="4"/>'
    yield '<path d="M200 178V228Q186 232 182 222" fill="none" stroke="#a5694e" stroke-width="5"'
    yield ' stroke-linecap="round"/>'
    yield '<path d="M164 254Q184 244 200 250V270Q178 270 164 254z" fill="#b5555a"/>'
    yield '<path d="M164 254Q184 259 200 257" fill="none" stroke="#74323a" stroke-width="3"/>'
    yield "</g>"


def grid() -> Iterator[str]:
    """The bent grid on the photo: a thin-plate spline of our own moves its lines."""
    pushed = torch.tensor(PUSHED, dtype=torch.float64)
    corners = torch.tensor([[x, y] for x in (0, 200, 400) for y in (0, 400)], dtype=torch.float64)
    source = torch.cat([pushed[:, :2], corners])
    target = torch.cat([pushed[:, :2] + pushed[:, 2:], corners])
    spline = fit(source[None], target[None])
    yield '<g clip-path="url(#left)" fill="none" stroke="#fff" stroke-opacity=".5" '
    yield 'stroke-width="1.6">'
    along = torch.linspace(-10, SIDE + 10, 43, dtype=torch.float64)
    for place in range(0, SIDE + 1, 25):
        across = torch.full_like(along, place)
        for line in ((across, along), (along, across)):
            points = spline(torch.stack(line, dim=-1))[0]
            yield f'<path d="M{" ".join(f"{x:.1f} {y:.1f}" for x, y in points.tolist())}"/>'
    yield "</g>"


def strokes() -> Iterator[str]:
    """The painted half: strokes that go round the head, each of its part's paint."""
    chance = random.Random(7)
    yield '<g clip-path="url(#right)" fill="none" stroke-linecap="round">'
    yield f'<rect width="{SIDE}" height="{SIDE}" fill="{PAINT["ground"][2]}"/>'  # shows in gaps
    yield ellipse(FACE, PAINT["skin"][2])
    for width, spacing in ((17, 13), (11, 14)):  # broad ones below, finer ones on them
        for row in range(-1, SIDE // spacing + 2):
            for column in range(MIDDLE // spacing - 1, SIDE // spacing + 2):
                x, y = (spacing * (n + chance.uniform(-0.5, 0.5)) for n in (column, row))
                yield stroke(x, y, width, chance)
    yield "</g>"


def stroke(x: float, y: float, width: float, chance: random.Random) -> str:
    """One stroke of the brush at a place."""
    part = part_at(x, y)
    from_x, from_y = (x - FACE[0]) / FACE[2], (y - FACE[1]) / FACE[3]
    turn = math.atan2(from_x * FACE[3], -from_y * FACE[2])  # round the head
    if part == "clothes":
        turn = math.atan2(x - 230, 260) + math.pi / 2.6
    turn += chance.uniform(-0.25, 0.25)
    half = width * chance.uniform(0.7, 1.3)
    dx, dy = half * math.cos(turn), half * math.sin(turn)
    # Light comes from the left above: paint gets darker to the right and below.
    shade = 0.5 + 0.45 * from_x + 0.25 * from_y if part == "skin" else chance.random()
    paints = PAINT[part]
    pot = round((len(paints) - 1) * min(max(shade * 0.75 + chance.uniform(-0.15, 0.15), 0), 1))
    bend = chance.uniform(-0.2, 0.2) * half
    return (
        f'<path d="M{x - dx:.0f} {y - dy:.0f}Q{x - bend * dy / half:.0f} '
        f'{y + bend * dx / half:.0f} {x + dx:.0f} {y + dy:.0f}" stroke="{paints[pot]}" '
        f'stroke-width="{width * chance.uniform(0.6, 1):.0f}"/>'
    )


def part_at(x: float, y: float) -> str:
    """What of the portrait is there."""
    x0, y0, x1, y1 = NECK
    brow = FACE[1] - FACE[3] * 0.72 + 0.004 * (x - MIDDLE) ** 2  # where the hair begins
    if (inside(FACE, x, y) and y > brow) or (x0 < x < x1 and y0 < y < y1):
        return "skin"
    if inside(HAIR, x, y) or (280 < x < 318 and 150 < y < 325):
        return "hair"
    return "clothes" if inside(SHOULDERS, x, y) else "ground"


def inside(shape: tuple[int, int, int, int], x: float, y: float) -> bool:
    cx, cy, rx, ry = shape
    return ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1


def painted_features() -> Iterator[str]:
    """Brow, eye, nose and mouth in a few strokes."""
    yield '<g clip-path="url(#right)" fill="none" stroke-linecap="round">'
    for path, color, width in (
        ("M224 158Q244 144 268 158", "#33263f", 10),
        ("M222 184Q244 166 264 184", "#fbf0d0", 12),
        ("M238 181Q244 178 249 182", "#2f5f5a", 15),
        ("M220 182Q244 160 268 184", "#33263f", 6),
        ("M226 194Q244 202 262 192", "#a8636b", 5),
        ("M204 170Q214 200 210 222", "#fbe0a8", 9),
        ("M200 232Q212 234 220 222", "#b5603f", 8),
        ("M200 255Q216 246 236 254", "#c2413f", 11),
        ("M200 268Q218 272 232 260", "#d9605a", 10),
        ("M200 260Q218 263 238 256", "#5a2238", 4),
    ):
        yield f'<path d="{path}" stroke="{color}" stroke-width="{width}"/>'
    yield "</g>"


def ellipse(shape: tuple[int, int, int, int], fill: str) -> str:
    cx, cy, rx, ry = shape
    return f'<ellipse cx="{cx}" cy="{cy}" rx="{rx}" ry="{ry}" fill="{fill}"/>'


def banner(portrait: str) -> str:
    """The portrait on a card, and beside it the name."""
    width, height = BANNER
    words = (
        (250, 92, 700, "#fff", "TPS Portrait"),
        (320, 29, 400, "#d6dee2", "Any portrait in the hand of one picture of art,"),
        (362, 29, 400, "#d6dee2", "or in a style that you train yourself."),
    )
    lines = [
        f'<rect width="{width}" height="{height}" fill="#1d2a33"/>',
        f'<g transform="translate(60 60) scale(1.05)"><g clip-path="url(#card)">{portrait}</g></g>',
        '<g font-family="Liberation Sans, Helvetica, Arial, sans-serif">',
        *(
            f'<text x="530" y="{y}" font-size="{size}" font-weight="{weight}" fill="{color}">'
            f"{text}</text>"
            for y, size, weight, color, text in words
        ),
        "</g>",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
