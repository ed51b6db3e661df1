"""The pack in a WebUI: Extras, txt2img, the tab and the API, in a browser, with both gradios."""

import io
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import Tensor

from comfyui import node
from editor import find_browser
from tps_portrait.cli import main
from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.example_pictures import ART, PHOTO
from tps_portrait.tps_core.landmark_files.json_file import write_sidecar
from tps_portrait.tps_core.landmarks import Landmarks, mean_face
from tps_portrait.tps_core.paint_like.find_art import find_artwork
from tps_portrait.tps_core.paint_like.painter import paint_like
from tps_portrait.tps_core.pictures import read_picture, to_image
from tps_portrait.tps_core.style import find_style, load_style
from tps_portrait.tps_core.stylize import stylize
from webui import BASE, WebUI, open_page, start
from webui_environment import GRADIOS, NotThere

BROWSER = find_browser()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]

STYLE = "van gogh oil"
LOGIN = {"Authorization": "Basic dXNlcjp3b3Jk"}  # user:word
# What a page says without the internet, or while the WebUI reloads, and gradio of itself.
NOT_OURS = re.compile(r"Failed to load resource|Unable to preload CSS|Failed to fetch|manifest")


@pytest.fixture(scope="module")
def small_photo(tmp_path_factory) -> Path:
    """The photo that comes with the pack, in the size in which it is painted in a second."""
    return small_copy(PHOTO, tmp_path_factory.mktemp("photo") / "photo.png")


def small_copy(of: Path, path: Path) -> Path:
    with Image.open(of) as picture:
        picture.thumbnail((240, 240))
        picture.convert("RGB").save(path)
    return path


@pytest.fixture(scope="module", params=GRADIOS)
def webui(request, tmp_path_factory, small_photo, squeezenet):
    """A WebUI: with gradio 3 as A1111 is, with gradio 4 as Forge, and behind a password."""
    data = tmp_path_factory.mktemp(request.param)
    (data / "generated.png").write_bytes(small_photo.read_bytes())
    models = data / "models" / "tps_portrait"
    make_folders(models / "pictures")
    for weights in squeezenet.iterdir():  # what evaluates
        (models / weights.name).symlink_to(weights)
    more = ["--forge", "--api-auth=user:word"] if request.param == "gradio4" else []
    try:
        with start(request.param, data, "--api", *more) as started:
            started.login = LOGIN if more else {}
            yield started
    except NotThere as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def page(webui):
    with open_page(webui, BROWSER) as opened:
        yield opened


NOISE = {"photos": 3, "art": 4}  # pictures by folder, so that the tab says of each another number


def make_folders(folder: Path) -> None:
    """Two folders of noise with landmark files, so that no detector has to look."""
    rng = np.random.default_rng(0)
    points = mean_face("ibug-68") * 50 + 64
    face = Landmarks.from_pixels(points, (128, 128), "ibug-68", 0.99, "hand")
    for kind, count in NOISE.items():
        (folder / kind).mkdir(parents=True)
        for i in range(count):
            path = folder / kind / f"{i}.png"
            pixels = rng.integers(0, 255, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((128, 128)).save(path)
            write_sidecar(path, [face], (128, 128))


def pixels(image: Image.Image | bytes | Path) -> np.ndarray:
    if not isinstance(image, Image.Image):
        image = Image.open(io.BytesIO(image) if isinstance(image, bytes) else image)
    return np.asarray(image.convert("RGB")).astype(int)


def newest(webui: WebUI) -> Path:
    """What Extras saved last."""
    return max((webui.data / "output").glob("*.png"), key=lambda path: path.stat().st_mtime_ns)


@dataclass(frozen=True)
class Way:
    """How a picture is painted: in a style, or like the picture of art where there is none."""

    style: str
    whole_image: bool
    infotext: str  # what Extras say of it


# The face that is painted alone lies at the border of its picture.
WAYS = {
    "style": Way(STYLE, True, f"TPS style: {STYLE}"),
    "style, face": Way("ink line", False, "TPS style: ink line, TPS area: face"),
    "picture": Way("", True, r"TPS art: \w+"),
    "picture, face": Way("", False, r"TPS art: \w+, TPS area: face"),
}
RARELY = 1e-3  # share of the values
BORDER = (80, 48, 226, 200)  # cuts the small photo where its face begins


@pytest.fixture(scope="module")
def small_art(tmp_path_factory) -> Path:
    return small_copy(ART, tmp_path_factory.mktemp("art") / "art.png")


@pytest.mark.parametrize("name", WAYS)
def test_node_command_extras_and_api_paint_the_same_pixels(
    name, webui, page, comfyui, small_photo, small_art, tmp_path, screenshots
):
    way = WAYS[name]
    photo = tmp_path / "photo.png"
    with Image.open(small_photo) as whole:
        (whole if way.whole_image else whole.crop(BORDER)).save(photo)
    by_command = paint_by_command(way, photo, small_art, tmp_path / "painted.png")
    assert np.abs(by_command - pixels(photo)).mean() > (10 if way.whole_image else 1)

    request = {"image": photo, "whole_image": way.whole_image}
    request |= {"style": way.style} if way.style else {"art": small_art}
    status, answer = webui.ask(
        f"{BASE}/{'stylize' if way.style else 'paint-like'}", in_base64(request), webui.login
    )
    assert status == 200, answer
    by_api = b64decode(answer["image"])

    paint_in_extras(page, way, photo, small_art)
    said = page.wait_for_text("html_info_extras", way.infotext)
    assert re.fullmatch(way.infotext, said), said
    page.page.wait_for_timeout(1000)
    page.screenshot(screenshots / f"webui {webui.gradio} extras, {name}.png")
    for place, other in (("API", by_api), ("Extras", newest(webui))):
        assert are_the_same(way, pixels(other), by_command), place

    # The node gives floats, as the painter does. ComfyUI's own nodes, when they save them, cut off
    # what is behind the point where all others round.
    painted = paint_in_floats(way, photo, small_art)
    assert np.abs(pixels(to_image(painted)) - by_command).max() == 0
    cut_off = (painted * 255).permute(1, 2, 0).numpy().astype(int)
    assert are_the_same(way, cut_off, paint_by_node(comfyui, way, photo, small_art))


def are_the_same(way: Way, one: np.ndarray, other: np.ndarray) -> bool:
    """To the level by a style. After a picture another build of torch may round otherwise, and then
    one of two patches that fit alike is rarely taken for the other."""
    off = np.abs(one - other)
    return off.max() == 0 if way.style else (off > 1).mean() < RARELY


def in_base64(request: dict) -> dict:
    """The request, in which files stand in base64."""
    return {
        key: b64encode(value.read_bytes()).decode() if isinstance(value, Path) else value
        for key, value in request.items()
    }


# The detector that all of them have: where there is a newer one, "auto" takes its points.


def paint_by_command(way: Way, photo: Path, art: Path, target: Path) -> np.ndarray:
    command = ["stylize", "--style", way.style] if way.style else ["paint-like", "--art", art]
    command += [photo, "-o", target, "--detector", "embedded"]
    assert main([*map(str, command), *([] if way.whole_image else ["--face-only"])]) == 0
    return pixels(target)


def paint_in_extras(page, way: Way, photo: Path, art: Path) -> None:
    page.open_tab("Extras")
    page.upload("extras_image", photo)
    page.open_panel("extras")
    page.pick("extras_tps_way", "style" if way.style else "picture")
    if way.style:
        page.choose("extras_tps_style", way.style)
    elif not page.page.locator("#extras_tps_art img").count():
        page.upload("extras_tps_art", art)
    page.pick("extras_tps_area", "whole image" if way.whole_image else "face")
    page.click("extras_generate")


def paint_in_floats(way: Way, photo: Path, art: Path) -> Tensor:
    picture = read_picture(photo)
    face = detect_face(picture, "photo", "embedded")
    if way.style:
        style = load_style(find_style(way.style))
        return stylize(picture, style, face, way.whole_image).picture
    artwork = find_artwork(read_picture(art), "art", detector="embedded")
    return paint_like(picture, artwork, face, way.whole_image).picture


def paint_by_node(comfyui, way: Way, photo: Path, art: Path) -> np.ndarray:
    looked = {
        "detector": "embedded", "max_faces": 1, "min_confidence": 0.5, "no_face": "error"
    }  # fmt: skip
    painted = {
        "image": ["photo", 0], "face_landmarks": ["faces", 0], "whole_image": way.whole_image,
        "strength": 1.0, "color_match": 0.0,
    }  # fmt: skip
    prompt = {
        "photo": node("LoadImage", image=comfyui.upload(photo)),
        "faces": node("TPSPortraitDetectLandmarks", image=["photo", 0], **looked),
        "show": node("PreviewImage", images=["paint", 0]),
    }
    if way.style:
        prompt["style"] = node("TPSPortraitLoadStyle", style_name=way.style)
        prompt["paint"] = node("TPSPortraitStylize", style=["style", 0], **painted)
    else:
        prompt["art"] = node("LoadImage", image=comfyui.upload(art))
        prompt["art faces"] = node("TPSPortraitDetectLandmarks", image=["art", 0], **looked)
        prompt["paint"] = node(
            "TPSPortraitPaintLike", art=["art", 0], art_landmarks=["art faces", 0],
            art_colors=1.0, **painted,
        )  # fmt: skip
    ((picture,),) = comfyui.images(comfyui.queue(prompt)).values()
    return pixels(picture)


def test_extras_keep_a_picture_that_cannot_be_painted_and_say_why(webui, page, tmp_path):
    Image.new("RGB", (64, 64), (200, 90, 40)).save(tmp_path / "nobody.png")
    page.open_tab("Extras")
    page.open_panel("extras")
    page.upload("extras_image", tmp_path / "nobody.png")
    page.pick("extras_tps_way", "style")
    page.pick("extras_tps_area", "face")
    page.click("extras_generate")
    assert "no face found" in page.wait_for_text("html_info_extras", "TPS Portrait failed")
    with Image.open(newest(webui)) as kept:
        assert kept.getpixel((9, 9)) == (200, 90, 40)


def test_txt2img_paints_when_it_is_switched_on_and_takes_its_settings_back_from_the_infotext(
    webui, page, small_photo, screenshots
):
    page.open_tab("txt2img")
    infotext = page.page.locator("#txt2img_infotext textarea")
    page.click("txt2img_generate")
    page.page.wait_for_selector("#txt2img_result img")
    assert infotext.input_value() == ""  # off

    page.open_panel("txt2img")
    page.choose("txt2img_tps_style", "ink line")
    page.pick("txt2img_tps_area", "face")
    page.choose("txt2img_tps_ground", "blur")
    strength = page.page.locator("#txt2img_tps_strength input[type=number]")
    strength.fill("0.5")
    strength.press("Tab")
    page.page.wait_for_timeout(500)
    page.click("txt2img_generate")
    page.page.wait_for_function("() => document.querySelector('#txt2img_infotext textarea').value")
    written = "TPS style: ink line, TPS area: face, TPS strength: 0.5, TPS ground: blur"
    assert infotext.input_value() == written
    page.screenshot(screenshots / f"webui {webui.gradio} txt2img.png")

    page.page.locator("#txt2img_tps_enabled input").uncheck()
    page.pick("txt2img_tps_area", "whole image")
    strength.fill("1")
    strength.press("Tab")
    page.click("txt2img_paste")
    page.page.locator("#txt2img_tps_enabled input:checked").wait_for()
    assert page.page.locator("#txt2img_tps_area label.selected").inner_text().strip() == "face"
    assert strength.input_value() == "0.5"


def shows(page, kind: str, pattern: str) -> str:
    """What the tab says of the work, when it says that."""
    page.page.wait_for_function(
        "([id, pattern]) => RegExp(pattern).test(document.querySelector(id)?.value)",
        arg=[f"#tps_portrait_{kind}_text textarea", pattern],
    )
    return page.page.locator(f"#tps_portrait_{kind}_text textarea").input_value()


def fill(page, id: str, value: str) -> None:
    place = page.page.locator(f"#{id} input, #{id} textarea").first
    place.fill(value)
    place.press("Tab")
    page.page.wait_for_timeout(300)


IN_TRAINING = "^step [0-9]"  # what a stopped one says names a step too

REFUSED = [("../../..", "it leads upwards"), ("none such", "no such folder")]


def test_the_tab_makes_face_banks_that_can_be_reviewed(webui, page, screenshots):
    page.open_tab("TPS Portrait")
    for folder, reason in REFUSED:
        fill(page, "tps_portrait_folder", folder)
        page.click("tps_portrait_scan")
        page.page.get_by_text(reason).first.wait_for()
    fill(page, "tps_portrait_folder", "/etc")
    page.click("tps_portrait_scan")
    shows(page, "face", "ended: /etc: no usable face")
    for folder, count in NOISE.items():
        fill(page, "tps_portrait_folder", folder)
        page.click("tps_portrait_scan")
        link = page.page.locator("#tps_portrait_review a")
        link.wait_for()
        shows(page, "face", f"{count} faces from {count} files")
        page.page.wait_for_timeout(2500)
        if folder == "photos":
            review = page.page.context.new_page()
            review.goto(f"{webui.url}/{link.get_attribute('href')}")
            review.locator(".card").first.click()
            review.keyboard.press("x")
            review.locator("#toast", has_text="excluded").wait_for()
            review.locator("#close").click()
            review.screenshot(path=screenshots / f"webui {webui.gradio} review.png")
            review.locator("#finish").click()
            review.locator(".done", has_text="save the face bank").wait_for()
            review.close()
        fill(page, "tps_portrait_bank_name", folder)
        page.click("tps_portrait_bank_save")
        faces = 2 if folder == "photos" else 4  # one was excluded in the review
        saved = f"saved as {folder}: {faces} faces from {count} files"
        page.page.get_by_text(saved).first.wait_for()
    page.screenshot(screenshots / f"webui {webui.gradio} bank.png")
    assert len(list((webui.data / "models/tps_portrait/banks").glob("*.safetensors"))) == 2
    status, answer = webui.ask("/tps-portrait/review/wrong/data.js")
    assert status == 403, answer


def test_a_training_goes_on_when_the_page_and_the_ui_are_reloaded(webui, page, screenshots):
    styles = webui.data / "models" / "tps_portrait" / "styles"
    page.page.wait_for_timeout(2500)  # the lists learn of the face banks
    page.page.locator("#tps_portrait button", has_text="Train").first.click()
    prepare_training(page, "2000")
    page.click("tps_portrait_start")
    shows(page, "training", IN_TRAINING)
    page.page.locator("#tps_portrait_stop_training").click()
    assert "Train goes on from there" in shows(page, "training", "stopped;")
    (stopped,) = styles.glob("my style at step *.safetensors")
    steps = load_style(stopped).record["steps"]

    page.click("tps_portrait_start")
    shows(page, "training", IN_TRAINING)
    page.page.reload(wait_until="domcontentloaded")
    open_training(page)
    shows(page, "training", IN_TRAINING)

    webui.ask("/host/reload", {})
    webui.wait(2)
    page.page.goto(webui.url, wait_until="domcontentloaded")
    open_training(page)
    shows(page, "training", IN_TRAINING)
    page.page.wait_for_timeout(1000)
    page.screenshot(screenshots / f"webui {webui.gradio} training.png")
    page.page.locator("#tps_portrait_stop_training").click()
    shows(page, "training", "stopped;")
    later = {load_style(path).record["steps"] for path in styles.glob("my style at *")}
    assert max(later) > steps


def open_training(page) -> None:
    """In a page that is being loaded."""
    page.page.wait_for_selector("#tabs > .tab-nav")
    page.page.wait_for_timeout(1500)
    page.open_tab("TPS Portrait")
    page.page.locator("#tps_portrait button", has_text="Train").first.click()


def test_a_preset_says_how_long_the_training_is(webui, page):
    page.page.reload(wait_until="domcontentloaded")
    open_training(page)
    page.page.wait_for_timeout(2500)
    prepare_training(page, "2000", "quick")
    fill(page, "tps_portrait_name", "quick style")
    page.click("tps_portrait_start")
    shows(page, "training", "^step [0-9]+ of 1500")
    page.page.locator("#tps_portrait_stop_training").click()
    shows(page, "training", "stopped;")


def test_a_style_is_evaluated_with_its_contact_sheet(webui, page, screenshots):
    page.page.locator("#tps_portrait button", has_text="Evaluate").first.click()
    page.page.wait_for_timeout(2500)  # the lists learn of what was trained
    page.choose("tps_portrait_measured", "ink line")
    page.choose("tps_portrait_measured_art", "art")
    for folder, reason in REFUSED:
        fill(page, "tps_portrait_measured_photos", folder)
        page.click("tps_portrait_measure")
        page.page.get_by_text(reason).first.wait_for()
    fill(page, "tps_portrait_measured_photos", "/etc")
    page.click("tps_portrait_measure")
    shows(page, "evaluation", "ended: etc")  # or it is busy with that
    fill(page, "tps_portrait_measured_photos", "photos")
    page.click("tps_portrait_measure")
    report = shows(page, "evaluation", "faces of art|ended: (?!etc)")
    page.page.locator("#tps_portrait_evaluation_picture img").wait_for()
    page.screenshot(screenshots / f"webui {webui.gradio} evaluation.png")
    assert report.startswith("2 results (the whole image painted), 4 faces of art"), report
    assert "left out, 1:" in report  # the one that was excluded in the review


def prepare_training(page, steps: str, preset: str = "custom") -> None:
    """Chooses the smallest training, of so many steps; a preset has its own."""
    page.choose("tps_portrait_art", "art")
    page.choose("tps_portrait_photos", "photos")
    page.choose("tps_portrait_preset", preset)
    page.page.locator("#tps_portrait_more .label-wrap").click()
    fill(page, "tps_portrait_steps", steps)
    fill(page, "tps_portrait_size", "64")
    fill(page, "tps_portrait_pairs", "0")
    page.pick("tps_portrait_content", "l1")


def test_the_api_asks_for_the_webui_s_password_and_refuses_with_a_sentence(webui, small_photo):
    wrong = {"Authorization": "Basic dXNlcjp3b3JlZA=="}
    for headers in ({}, wrong, {"Authorization": "Basic %%"}, {"Authorization": "Bearer x"}):
        for path, body in (("stylize", {}), ("paint-like", {}), ("styles", None)):
            status, answer = webui.ask(f"{BASE}/{path}", body, headers)
            assert (status == 401) == bool(webui.login), answer
    status, answer = webui.ask(f"{BASE}/styles", None, webui.login)
    assert status == 200
    assert STYLE in [style["name"] for style in answer["styles"]]
    bad = [
        (b"{", 422, "not JSON"),
        (b'{"image": "", "style": "../../etc/passwd"}', 422, "not a picture"),
        (b'{"image": "!", "style": "a"}', 422, "not base64"),
        (b'{"image": "", "style": "a", "path": "/etc/passwd"}', 422, "the request says 'path'"),
        (b'{"image": "", "style": "a", "strength": 9}', 422, "not a number from 0 to 2"),
        (b'{"image": 5, "style": "a"}', 422, "the image is 5, not the bytes of a picture file"),
        (b'{"image": "", "style": ["a"]}', 422, "the style is a list of 1, not a text"),
        (b'{"style": "a"}', 422, "the request doesn't say its image"),
        (b"[]", 422, "the request is a list of 0, not an object"),
    ]
    for body, expected, reason in bad:
        status, answer = webui.ask(f"{BASE}/stylize", body, webui.login)
        assert (status, reason in answer["error"]) == (expected, True), answer
    for style in ("none such", "../ink line", "\ud800"):
        request = in_base64({"image": small_photo, "style": style})
        status, answer = webui.ask(f"{BASE}/stylize", request, webui.login)
        assert (status, "there is no style" in answer["error"]) == (422, True), answer
    headers = webui.login | {"Content-Type": "text/plain"}
    assert webui.ask(f"{BASE}/stylize", b"{}", headers)[0] == 415


def test_the_api_paints_like_a_picture(webui, small_photo, tmp_path):
    with Image.open(small_photo) as photo:
        photo.putalpha(77)
        photo.thumbnail((120, 120))
        photo.save(tmp_path / "small.png")
    files = {"image": tmp_path / "small.png", "art": ART}
    request = in_base64(files) | {"whole_image": False, "strength": 0.9}
    status, answer = webui.ask(f"{BASE}/paint-like", request, webui.login)
    assert status == 200, answer
    painted = Image.open(io.BytesIO(b64decode(answer["image"])))
    assert painted.mode == "RGBA"
    assert painted.getchannel("A").getextrema() == (77, 77)
    assert np.abs(pixels(painted) - pixels(tmp_path / "small.png")).max() > 10


def test_nothing_went_wrong_that_nobody_saw(webui, page):
    assert "Traceback" not in webui.log, webui.log
    assert "TPS Portrait goes without" not in webui.log, webui.log
    assert [error for error in page.errors if not NOT_OURS.search(error)] == []
