"""Settings as controls and requests say them, and as an infotext does."""

import pytest

from tps_portrait.webui.settings import (
    ART_KEY,
    DEFAULTS,
    KEYS,
    STYLE_KEY,
    Settings,
    from_infotext,
    read_settings,
    to_infotext,
)
from webui_infotext import quote, read_infotext

OTHERS = Settings("van gogh oil", "all", False, 0.35, 1.0, 0.2, "blur")


def through_the_webui(written: dict) -> dict:
    """What the WebUI makes of an infotext: one line of text, and then texts by key."""
    return read_infotext(", ".join(f"{key}: {quote(value)}" for key, value in written.items()))


@pytest.mark.parametrize(
    "settings",
    [
        OTHERS,
        Settings("ink line"),
        Settings("256x256"),
        Settings('a, "b": c'),
        Settings(strength=2.0),
    ],
    ids=str,
)
def test_settings_come_back_from_an_infotext_as_they_were(settings):
    found = from_infotext(through_the_webui(to_infotext(settings, "0a1b2c")))
    assert found.pop("way") == ("style" if settings.style else "picture")
    assert Settings(**found) == settings


def test_an_infotext_says_only_what_is_not_the_default():
    assert to_infotext(Settings("ink line")) == {STYLE_KEY: "ink line"}
    assert to_infotext(DEFAULTS, "0a1b2c") == {ART_KEY: "0a1b2c"}
    assert to_infotext(OTHERS).keys() == {STYLE_KEY, *KEYS.values()}


def test_an_infotext_of_somebody_else_says_nothing():
    assert from_infotext({"Steps": "20", "Size-1": "512"}) is None


def test_damaged_numbers_of_an_infotext_are_the_defaults():
    found = from_infotext({STYLE_KEY: "a", KEYS["strength"]: "1e999", KEYS["keep_colors"]: "x"})
    assert (found["strength"], found["keep_colors"]) == (1.0, 0.0)


def test_none_is_the_default_of_each_setting():
    assert read_settings(dict.fromkeys(("style", "strength", "ground", "whole_image"))) == DEFAULTS


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"strength": 2.1}, "the strength is 2.1, not a number from 0 to 2"),
        ({"strength": "1"}, "the strength is '1', not a number"),
        ({"keep_colors": float("nan")}, "keep_colors is nan, not a number from 0 to 1"),
        ({"whole_image": 1}, "whole_image is 1, neither true nor false"),
        ({"style": "x" * 301}, "not a text of at most 300 characters"),
        ({"style": ["a"]}, "the style is a list of 1"),
        ({"faces": "none"}, "'none' is none of largest, all, leftmost, rightmost"),
        ({"ground": {}}, "an object of 0 is none of paint, keep, blur, transparent"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused_with_a_sentence(wrong, reason):
    with pytest.raises(ValueError, match=reason):
        read_settings(wrong)
