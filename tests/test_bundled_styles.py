"""The styles that come with the pack are what their cards say."""

from pathlib import Path

import pytest

from tps_portrait.tps_core.detect import detect
from tps_portrait.tps_core.style import load_style
from tps_portrait.tps_core.stylize import stylize

STYLES = Path(__file__).parents[1] / "styles"
NAMES = [
    "comic",
    "dodd chalk",
    "gibson pen",
    "holbein chalk",
    "impressionist oil",
    "ink line",
    "vallotton ink",
    "van gogh oil",
]
INK = ("gibson pen", "ink line", "vallotton ink")
LICENCES = {"comic": "CC BY 4.0"}  # of others, CC0 1.0


def painted(name, photo, face):
    return stylize(photo, load_style(STYLES / f"{name}.safetensors"), face, True).picture


def test_each_has_a_card():
    assert sorted(path.stem for path in STYLES.glob("*.safetensors")) == NAMES
    assert sorted(path.stem for path in STYLES.glob("*.jpg")) == NAMES
    text = (STYLES / "README.md").read_text("utf-8")
    assert all(f"## {name}" in text for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_its_record_says_how_it_was_made_and_under_which_licence(name):
    record = load_style(STYLES / f"{name}.safetensors").record
    assert (record["licence"], record["size"]) == (LICENCES.get(name, "CC0 1.0"), 256)
    assert "David Revoy" in record["author"] or name not in LICENCES
    assert record["steps"] >= 1000
    assert len(record["art"]) == 64


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_the_face_where_it_is(name, photo, face):
    (found,) = detect(painted(name, photo, face), max_faces=1)
    assert face.distance(found) < 0.08


def test_ink_is_black_and_white_and_nothing_else_is(photo, face):
    for name in NAMES:
        picture = painted(name, photo, face)
        between = ((picture.amax(0) > 0.2) & (picture.amin(0) < 0.8)).float().mean()
        assert between < 0.25 if name in INK else between > 0.75


def test_ink_leaves_a_face_in_bad_light_white(photo, face):
    """Skin is never black ink, however dark the photo."""
    x0, y0, x1, y1 = (round(x) for x in face.box_px)
    for light in (1.0, 0.6):
        picture = painted("ink line", light * photo, face)
        assert picture[:, y0:y1, x0:x1].mean() > 0.5
