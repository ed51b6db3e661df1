"""The pack in a WebUI: Extras, txt2img, the tab and the API, in a browser, with both gradios."""

import io
import re
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from comfyui import node
from editor import find_browser
from tps_portrait.cli import main
from tps_portrait.tps_core.detect import detect_face
from tps_portrait.tps_core.example_pictures import ART, PHOTO
from tps_portrait.tps_core.landmark_files.json_file import write_sidecar
from tps_portrait.tps_core.landmarks import Landmarks, mean_face
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
    path = tmp_path_factory.mktemp("photo") / "photo.png"
    with Image.open(PHOTO) as photo:
        photo.thumbnail((240, 240))
        photo.convert("RGB").save(path)
    return path


@pytest.fixture(scope="module", params=GRADIOS)
def webui(request, tmp_path_factory, small_photo):
    """A WebUI: with gradio 3 as A1111 is, with gradio 4 as Forge, and behind a password."""
    data = tmp_path_factory.mktemp(request.param)
    (data / "generated.png").write_bytes(small_photo.read_bytes())
    make_folders(data / "models" / "tps_portrait" / "pictures")
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


def make_folders(folder: Path) -> None:
    """Two folders of noise with landmark files, so that no detector has to look."""
    rng = np.random.default_rng(0)
    points = mean_face("ibug-68") * 50 + 64
    face = Landmarks.from_pixels(points, (128, 128), "ibug-68", 0.99, "hand")
    for kind in ("art", "photos"):
        (folder / kind).mkdir(parents=True)
        for i in range(3):
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


def test_node_command_extras_and_api_paint_the_same_pixels(
    webui, page, comfyui, small_photo, tmp_path, screenshots
):
    # The detector that all of them have: where there is a newer one, "auto" takes its points.
    command = ["stylize", small_photo, "--style", STYLE, "-o", tmp_path / "a.png"]
    assert main([*map(str, command), "--detector", "embedded"]) == 0
    by_command = pixels(tmp_path / "a.png")

    prompt = {
        "photo": node("LoadImage", image=comfyui.upload(small_photo)),
        "style": node("TPSPortraitLoadStyle", style_name=STYLE),
        "detect": node(
            "TPSPortraitDetectLandmarks", image=["photo", 0], detector="embedded",
            max_faces=1, min_confidence=0.5, no_face="error",
        ),
        "paint": node(
            "TPSPortraitStylize", image=["photo", 0], style=["style", 0],
            face_landmarks=["detect", 0], whole_image=True, strength=1.0, color_match=0.0,
        ),
        "show": node("PreviewImage", images=["paint", 0]),
    }  # fmt: skip
    ((by_node,),) = comfyui.images(comfyui.queue(prompt)).values()

    image = b64encode(small_photo.read_bytes()).decode()
    status, answer = webui.ask(f"{BASE}/stylize", {"image": image, "style": STYLE}, webui.login)
    assert status == 200, answer
    by_api = b64decode(answer["image"])

    page.open_tab("Extras")
    page.upload("extras_image", small_photo)
    page.open_panel("extras")
    page.choose("extras_tps_style", STYLE)
    page.click("extras_generate")
    assert page.wait_for_text("html_info_extras", "TPS style") == f"TPS style: {STYLE}"
    page.page.wait_for_timeout(1000)
    page.screenshot(screenshots / f"webui {webui.gradio} extras.png")

    assert np.abs(by_command - pixels(small_photo)).mean() > 10
    for name, other in (("API", by_api), ("Extras", newest(webui))):
        assert np.abs(pixels(other) - by_command).max() == 0, name
    # ComfyUI's own nodes cut off what is behind the point where all others round.
    photo = read_picture(small_photo)
    face = detect_face(photo, "photo", "embedded")
    painted = stylize(photo, load_style(find_style(STYLE)), face).picture
    assert np.abs(pixels(to_image(painted)) - by_command).max() == 0
    cut_off = (painted * 255).permute(1, 2, 0).numpy().astype(int)
    assert np.abs(cut_off - pixels(by_node)).max() == 0


def test_extras_keep_a_picture_that_cannot_be_painted_and_say_why(webui, page, tmp_path):
    Image.new("RGB", (64, 64), (200, 90, 40)).save(tmp_path / "nobody.png")
    page.open_tab("Extras")
    page.open_panel("extras")
    page.upload("extras_image", tmp_path / "nobody.png")
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
    page.page.wait_for_selector("#txt2img_result img", timeout=60_000)
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
        timeout=120_000,
    )
    return page.page.locator(f"#tps_portrait_{kind}_text textarea").input_value()


def fill(page, id: str, value: str) -> None:
    place = page.page.locator(f"#{id} input, #{id} textarea").first
    place.fill(value)
    place.press("Tab")
    page.page.wait_for_timeout(300)


def test_the_tab_makes_face_banks_that_can_be_reviewed(webui, page, screenshots):
    page.open_tab("TPS Portrait")
    for folder in ("../../..", "/etc", "none such"):
        fill(page, "tps_portrait_folder", folder)
        page.click("tps_portrait_scan")
    for folder in ("photos", "art"):
        fill(page, "tps_portrait_folder", folder)
        page.click("tps_portrait_scan")
        link = page.page.locator("#tps_portrait_review a")
        link.wait_for(timeout=60_000)
        shows(page, "face", "3 faces from 3 files")
        page.page.wait_for_timeout(2500)
        if folder == "photos":
            review = page.page.context.new_page()
            review.goto(f"{webui.url}/{link.get_attribute('href')}")
            review.locator(".card").first.click()
            review.keyboard.press("x")
            review.locator("#toast", has_text="excluded").wait_for()
            review.locator("#close").click()
            review.locator("#finish").click()
            review.locator(".done", has_text="save the face bank").wait_for()
            review.screenshot(path=screenshots / f"webui {webui.gradio} review.png")
            review.close()
        fill(page, "tps_portrait_bank_name", folder)
        page.click("tps_portrait_bank_save")
        page.page.wait_for_timeout(1000)
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
    shows(page, "training", "step")
    page.page.locator("#tps_portrait_stop_training").click(timeout=30_000)
    assert "Train goes on from there" in shows(page, "training", "stopped;")
    (stopped,) = styles.glob("my style at step *.safetensors")
    steps = load_style(stopped).record["steps"]

    page.click("tps_portrait_start")
    shows(page, "training", "step")
    page.page.reload(wait_until="domcontentloaded")
    page.page.wait_for_selector("#tabs > .tab-nav", timeout=60_000)
    page.page.wait_for_timeout(1500)
    page.open_tab("TPS Portrait")
    page.page.locator("#tps_portrait button", has_text="Train").first.click()
    shows(page, "training", "step")

    if "gradio3" in str(webui.gradio):
        page.page.locator("#tps_portrait_stop_training").click(timeout=30_000)
        shows(page, "training", "stopped;")
        pytest.skip(
            "gradio 3 doesn't come back from Reload UI while a training runs: docs/webui.md"
        )
    webui.ask("/host/reload", {})
    webui.wait(2)
    page.page.goto(webui.url, wait_until="domcontentloaded")
    page.page.wait_for_selector("#tabs > .tab-nav", timeout=60_000)
    page.page.wait_for_timeout(1500)
    page.open_tab("TPS Portrait")
    page.page.locator("#tps_portrait button", has_text="Train").first.click()
    shows(page, "training", "step")
    page.page.wait_for_timeout(1000)
    page.screenshot(screenshots / f"webui {webui.gradio} training.png")
    page.page.locator("#tps_portrait_stop_training").click(timeout=30_000)
    shows(page, "training", "stopped;")
    later = {load_style(path).record["steps"] for path in styles.glob("my style at *")}
    assert max(later) > steps


def prepare_training(page, steps: str) -> None:
    """Chooses the smallest training, of so many steps."""
    page.choose("tps_portrait_art", "art")
    page.choose("tps_portrait_photos", "photos")
    page.choose("tps_portrait_preset", "custom")
    page.page.locator("#tps_portrait_more .label-wrap").click()
    fill(page, "tps_portrait_steps", steps)
    fill(page, "tps_portrait_size", "64")
    fill(page, "tps_portrait_pairs", "0")
    page.pick("tps_portrait_content", "l1")


def test_the_api_asks_for_the_webui_s_password_and_refuses_with_a_sentence(webui):
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
    ]
    for body, expected, reason in bad:
        status, answer = webui.ask(f"{BASE}/stylize", body, webui.login)
        assert (status, reason in answer["error"]) == (expected, True), answer
    headers = webui.login | {"Content-Type": "text/plain"}
    assert webui.ask(f"{BASE}/stylize", b"{}", headers)[0] == 415


def test_the_api_paints_like_a_picture(webui, small_photo, tmp_path):
    with Image.open(small_photo) as photo:
        photo.putalpha(77)
        photo.thumbnail((120, 120))
        photo.save(tmp_path / "small.png")
    files = {"image": tmp_path / "small.png", "art": ART}
    request = {name: b64encode(path.read_bytes()).decode() for name, path in files.items()}
    request |= {"whole_image": False, "strength": 0.9}
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
