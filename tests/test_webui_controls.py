"""What the controls say, and the script's hooks, with stand-ins for the WebUI and gradio."""

import ast
import base64
import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

import webui_stand_ins
from tps_portrait.webui.settings import AREAS, WAYS, Settings

TAB = Path(__file__).parents[1] / "webui" / "tab.py"
PICTURE = Image.new("RGB", (8, 8), "red")


@pytest.fixture
def room(tmp_path, monkeypatch):
    """Our files by their names, in a WebUI."""
    webui_stand_ins.lend(monkeypatch, tmp_path)
    return webui_stand_ins.load


@pytest.fixture
def controls(room, monkeypatch, tmp_path):
    found = room("controls")
    monkeypatch.setattr(found, "list_styles", lambda: {"first": tmp_path, "second": tmp_path})
    return found


@pytest.mark.parametrize("off", [{}, {"enabled": None}, {"enabled": False, "style": "second"}])
def test_none_and_off_mean_that_nothing_is_painted(controls, off):
    assert controls.read_controls(dict.fromkeys(controls.NAMES) | off) is None


def test_what_is_none_is_the_default_once_it_is_switched_on(controls):
    values = dict.fromkeys(controls.NAMES) | {"enabled": True}
    assert controls.read_controls(values) == (Settings("first"), None)


def test_a_picture_of_art_counts_only_where_one_is_painted_like(controls):
    values = {"enabled": True, "style": "second", "art": PICTURE, "area": AREAS[1]}
    assert controls.read_controls(values) == (Settings("second", whole_image=False), None)
    assert controls.read_controls(values | {"way": WAYS[1]}) == (
        Settings("", whole_image=False),
        PICTURE,
    )


def test_a_request_sends_the_picture_of_art_as_base64(controls):
    file = io.BytesIO()
    PICTURE.save(file, "PNG")
    values = {"enabled": True, "way": WAYS[1], "art": base64.b64encode(file.getvalue()).decode()}
    assert controls.read_controls(values)[1].tobytes() == PICTURE.tobytes()
    with pytest.raises(ValueError, match="not base64"):
        controls.read_controls(values | {"art": "/etc/passwd!"})
    with pytest.raises(ValueError, match="not a picture"):
        controls.read_controls(values | {"art": base64.b64encode(b"text").decode()})


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"enabled": "false"}, "enabled is 'false', neither true nor false"),
        ({"way": "x" * 999}, "^'x+… is none of style, picture"),
        ({"way": {"a": 1}}, "an object of 1 is none of style, picture"),
        ({"area": 3}, "3 is none of whole image, face"),
        ({"faces": "x"}, "'x' is none of largest"),
        ({"strength": 3.0}, "not a number"),
        ({"style": 5}, "the style is 5, not a text"),
        ({"way": WAYS[1], "art": 5}, "the picture of art is 5, not the bytes of a picture file"),
        ({"way": WAYS[1], "art": ["a"]}, "the picture of art is a list of 1, not the bytes"),
    ],
    ids=str,
)
def test_what_no_control_can_say_is_refused(controls, wrong, reason):
    with pytest.raises(ValueError, match=reason):
        controls.read_controls({"enabled": True} | wrong)


def test_the_number_and_the_order_of_inputs_never_change(controls):
    made = controls.make_controls("txt2img")
    assert tuple(made) == controls.NAMES
    assert len(controls.NAMES) == 10
    assert made["enabled"].do_not_save_to_config is True


def test_pasting_switches_it_off_where_the_infotext_says_nothing(controls):
    fields = dict(
        zip(controls.NAMES, range(10), strict=True)
    )  # any values: only their order counts
    readers = dict(controls.paste_fields(fields))
    assert "art" not in [controls.NAMES[i] for i in readers]
    assert readers[0]({"Steps": "20"}) is False
    assert readers[2]({"Steps": "20"}) is None
    assert readers[0]({"TPS style": "second"}) is True
    assert readers[2]({"TPS style": "second"}) == "second"


@pytest.fixture
def extras(room, monkeypatch, controls):
    found = room("extras")
    monkeypatch.setattr(found, "device", lambda: "cpu")
    return found


@pytest.mark.parametrize("error", [ValueError, OSError, MemoryError, RuntimeError])
def test_extras_say_why_a_picture_was_not_painted_and_go_on(extras, monkeypatch, error):
    def fail(*arguments):
        raise error("no")

    monkeypatch.setattr(extras, "paint_image", fail)
    pp = SimpleNamespace(image=PICTURE, info={})
    extras.ExtrasScript().process(pp, enabled=True)
    assert pp.image is PICTURE
    assert list(pp.info) == [extras.FAILED]


def test_extras_leave_a_picture_when_the_user_interrupts(extras, monkeypatch):
    def interrupted(*arguments):
        raise extras.Interrupted

    monkeypatch.setattr(extras, "paint_image", interrupted)
    pp = SimpleNamespace(image=PICTURE, info={})
    extras.ExtrasScript().process(pp, enabled=True)
    assert (pp.image, pp.info) == (PICTURE, {})


def test_the_plot_s_axes_set_style_and_strength_and_switch_the_painting_on(room, controls):
    always, axes = room("always"), room("axes")
    plot = SimpleNamespace(AxisOption=lambda label, kind, apply, **more: SimpleNamespace(
        label=label, apply=apply), axis_options=[])  # fmt: skip
    script = type("Script", (), {"__module__": "xyz_grid.py"})
    axes.scripts.scripts_data = [SimpleNamespace(script_class=script, module=plot)]
    axes.add_axes()
    axes.add_axes()  # as after a reload
    assert [option.label for option in plot.axis_options] == list(axes.LABELS.values())
    processing = SimpleNamespace()
    values = [False, WAYS[1], *[None] * 8]
    assert always._read(processing, values) is None
    for option, value in zip(plot.axis_options, ("second", 0.5), strict=True):
        option.apply(processing, value, [value])
    assert always._read(processing, values)[0] == Settings("second", strength=0.5)


def test_generated_pictures_say_beforehand_how_they_will_be_painted(room, controls):
    always = room("always")
    processing = SimpleNamespace(extra_generation_params={})
    always.AlwaysScript().process(processing, True, WAYS[0], "second", *[None] * 7)
    assert processing.extra_generation_params == {"TPS style": "second"}
    always.AlwaysScript().process(processing, *[None] * 10)
    assert processing.extra_generation_params == {"TPS style": "second"}


def test_a_generated_picture_that_cannot_be_painted_stays_with_a_comment(
    room, controls, monkeypatch
):
    always = room("always")

    def fail(*arguments):
        raise ValueError("no face")

    monkeypatch.setattr(always, "paint_image", fail)
    comments = []
    shown = SimpleNamespace(image=PICTURE)
    processing = SimpleNamespace(comment=comments.append)
    always.AlwaysScript().postprocess_image_after_composite(processing, shown, True)
    assert shown.image is PICTURE
    assert comments == ["TPS Portrait: not painted: no face"]


def test_no_two_controls_of_the_tab_share_a_label_under_which_the_webui_would_remember_them():
    tree = ast.parse(TAB.read_text("utf-8"))
    labels = [
        keyword.value.value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg == "label" and isinstance(keyword.value, ast.Constant)
    ]
    assert len(labels) > 15
    assert len(labels) == len(set(labels))
