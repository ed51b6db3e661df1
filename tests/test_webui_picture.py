"""Painting as the WebUI asks for it."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from profiles import display_p3
from tps_portrait.tps_core import choose
from tps_portrait.tps_core.detect import FaceNotFound
from tps_portrait.tps_core.landmarks import Landmarks, mean_face
from tps_portrait.tps_core.pictures import decode_picture, to_image
from tps_portrait.tps_core.style import Style
from tps_portrait.webui import picture
from tps_portrait.webui.settings import Settings

CPU = torch.device("cpu")
SIZE = (64, 48)


def face_at(x: float) -> Landmarks:
    points = mean_face("ibug-68") * 10
    points[:, 0] += x
    points[:, 1] += 24
    return Landmarks.from_pixels(points, SIZE, "ibug-68", 0.99, "hand")


@pytest.fixture
def kept(monkeypatch, generator, tmp_path):
    """One style, "small", painted by a small network; nothing is kept of other tests."""
    file = tmp_path / "small.safetensors"
    file.touch()
    loaded = []

    def load(path):
        loaded.append(path)
        return Style(generator, {"size": 64})

    monkeypatch.setattr(picture, "_styles", {})
    monkeypatch.setattr(picture, "_artworks", {})
    monkeypatch.setattr(picture, "list_styles", lambda: {"small": file})
    monkeypatch.setattr(picture, "load_style", load)
    monkeypatch.setattr(choose, "detect_face", lambda *_: face_at(32))
    return loaded


def image(mode: str = "RGB") -> Image.Image:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (SIZE[1], SIZE[0], 4), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def paint(source: Image.Image, **settings) -> Image.Image:
    return picture.paint_image(source, Settings("small", **settings), None, CPU)


def test_a_picture_keeps_its_own_alpha(kept):
    source = image("RGBA")
    painted = paint(source)
    assert (painted.mode, painted.size) == ("RGBA", SIZE)
    assert painted.getchannel("A").tobytes() == source.getchannel("A").tobytes()
    assert painted.convert("RGB").tobytes() != source.convert("RGB").tobytes()
    assert paint(image()).mode == "RGB"


def as_page_gives(mode: str) -> tuple[bytes, Image.Image]:
    """A file of that kind, and the image that the WebUI has opened it as."""
    source = image("RGBA").convert(
        {"P": "RGBA", "opaque": "RGBA", "16 bit": "L", "wide gamut": "RGB"}.get(mode, mode)
    )
    if mode == "16 bit":
        source = Image.fromarray(np.asarray(source).astype(np.uint16) * 257)
    if mode == "RGBA":
        source.paste((9, 9, 9, 0), (0, 0, 20, 20))
    if mode == "opaque":
        source.putalpha(255)
    more = {"icc_profile": display_p3()} if mode == "wide gamut" else {}
    file = io.BytesIO()
    source = source.quantize() if mode == "P" else source
    source.save(file, "TIFF" if mode == "CMYK" else "PNG", **more)
    opened = Image.open(file)
    opened.load()
    return file.getvalue(), opened


@pytest.mark.parametrize(
    "mode", ["RGB", "RGBA", "opaque", "LA", "P", "L", "1", "CMYK", "16 bit", "wide gamut"]
)
def test_a_picture_of_the_page_is_painted_as_its_file_is_by_the_api(kept, mode):
    content, opened = as_page_gives(mode)
    photo, alpha = decode_picture(content, "it")
    by_api = to_image(picture.paint(photo, alpha, Settings("small"), None, CPU))
    by_page = paint(opened)
    assert (by_page.mode, by_page.tobytes()) == (by_api.mode, by_api.tobytes())
    assert (by_page.mode == "RGBA") == (mode in ("RGBA", "LA", "P"))


def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_painted(kept):
    with pytest.raises(ValueError, match=r"^the picture: 9000 x 9000 pixels are 81 megapixels"):
        paint(Image.new("1", (9000, 9000)))


def test_a_transparent_ground_takes_away_from_the_picture_s_own_alpha(kept, monkeypatch):
    person = torch.zeros(1, SIZE[1], SIZE[0])
    person[..., :32] = 1
    monkeypatch.setattr("tps_portrait.tps_core.stylize.find_person", lambda photo, name: person)
    source = image()
    source.putalpha(100)
    alpha = np.asarray(paint(source, ground="transparent").getchannel("A"))
    assert (alpha[:, :32] == 100).all()
    assert (alpha[:, 32:] == 0).all()


def test_hooks_in_inference_mode_paint_the_same_and_leave_a_usable_network(kept):
    with torch.inference_mode():
        inside = paint(image())
    assert paint(image()).tobytes() == inside.tobytes()
    (style,) = picture._styles.values()
    assert not any(weight.is_inference() for weight in style.generator.parameters())


def test_a_style_is_loaded_once_and_again_when_its_file_has_changed(kept):
    for _ in range(2):
        paint(image())
    assert len(kept) == 1
    kept[0].write_bytes(b"another")
    paint(image())
    assert len(kept) == 2
    assert len(picture._styles) == 1


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (Settings("large"), "there is no style .large.; there are small"),
        (Settings("../../small"), "there is no style"),
        (Settings(), "there is no picture of art to paint like"),
    ],
    ids=str,
)
def test_what_it_is_painted_by_has_to_be_there(kept, settings, reason):
    with pytest.raises(ValueError, match=reason):
        picture.paint_image(image(), settings, None, CPU)


def test_the_faces_that_are_meant_are_found(monkeypatch):
    faces = [face_at(40), face_at(20), face_at(55)]  # the largest first
    monkeypatch.setattr(choose, "detect_faces", lambda *_: faces)
    monkeypatch.setattr(choose, "detect_face", lambda *_: faces[0])
    photo = torch.zeros(3, 48, 64)
    found = {
        which: picture.find_faces(photo, Settings("small", which))
        for which in ("largest", "all", "leftmost", "rightmost")
    }
    assert found == {
        "largest": faces[:1],
        "all": faces,
        "leftmost": [faces[1]],
        "rightmost": [faces[2]],
    }


def test_a_style_paints_a_whole_image_without_a_face_and_nothing_else_does(monkeypatch):
    def none(photo, name, *_):
        raise FaceNotFound("the picture: no face found")

    monkeypatch.setattr(choose, "detect_face", none)
    monkeypatch.setattr(choose, "detect_faces", none)
    photo = torch.zeros(3, 48, 64)
    for faces in ("largest", "all"):
        assert picture.find_faces(photo, Settings("small", faces)) == []
        for other, advice in (
            (Settings("small", faces, whole_image=False), "paint the whole image"),
            (Settings("", faces), "use one in which a face is larger"),
        ):
            with pytest.raises(FaceNotFound, match=f"^the picture: no face found; {advice}"):
                picture.find_faces(photo, other)


def test_a_picture_of_art_without_a_face_is_refused_with_what_the_webui_can_do(kept):
    blank = Image.new("RGB", (64, 48))
    with pytest.raises(FaceNotFound, match="^the picture of art: no face found; use one in which"):
        picture.paint_image(image(), Settings(), blank, CPU)


def test_what_may_go_on_raises_ends_the_painting(kept):
    class Pressed(Exception):
        pass

    def pressed():
        raise Pressed

    with pytest.raises(Pressed):
        picture.paint_image(image(), Settings("small"), None, CPU, pressed)


def test_base64_is_read_with_and_without_what_a_page_writes_before_it():
    text = base64.b64encode(b"picture").decode()
    assert picture.from_base64(text, "it") == b"picture"
    assert picture.from_base64(f"data:image/png;base64,{text}", "it") == b"picture"
    with pytest.raises(ValueError, match="it is not base64"):
        picture.from_base64("no!", "it")
    with pytest.raises(ValueError, match="it is an object of 0, not the bytes of a picture file"):
        picture.from_base64({}, "it")


def test_base64_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(picture, "MOST_BASE64", 10)
    with pytest.raises(ValueError, match="it is larger than"):
        picture.from_base64("A" * 12, "it")
