"""The pictures of styles on Load Portrait Style, and what nodes tell, in ComfyUI's editor."""

import io
import urllib.error
import urllib.parse
import urllib.request

import pytest
from PIL import Image, ImageStat

import comfyui as comfyui_host
from editor import find_browser
from tps_portrait.tps_core.folders import PACK
from tps_portrait.tps_core.style import list_styles

BROWSER = find_browser()
pytestmark = pytest.mark.slow
in_a_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")

TOLD = "tps_portrait_told"
# A new node, alone on the canvas, and what it is asked then.
NEW = "type => { app.graph.clear(); app.graph.add(LiteGraph.createNode(type)); }"
CARDS = """() => [...document.querySelectorAll('.tps-cards button')].map(card =>
    [card.title, card.getAttribute('aria-pressed'), card.querySelector('img').naturalWidth])"""
VALUES = "() => app.graph.serialize().nodes[0].widgets_values"
PROMPT = "async () => Object.values((await app.graphToPrompt()).output)[0].inputs"


def picture_of(host: comfyui_host.Host, name: str) -> Image.Image:
    """The picture that the server has of the style."""
    query = urllib.parse.urlencode({"name": name})
    with urllib.request.urlopen(f"{host.url}/tps_portrait/style_picture?{query}") as answer:
        return Image.open(io.BytesIO(answer.read()))


def test_each_style_has_a_picture_of_its_own(comfyui):
    pictures = [picture_of(comfyui, name) for name in list_styles()]
    assert {picture.size for picture in pictures} == {(192, 192)}
    means = [tuple(ImageStat.Stat(picture).mean) for picture in pictures]
    assert len(set(means)) == len(pictures) >= 3


@pytest.mark.parametrize("name", ["", "nobody's", "../styles/ink line", "/etc/passwd"])
def test_there_is_no_picture_of_what_is_no_style(comfyui, name):
    with pytest.raises(urllib.error.HTTPError) as caught:
        picture_of(comfyui, name)
    with caught.value as answer:
        assert answer.code == 404


def test_a_file_that_is_no_style_has_no_picture(comfyui):
    broken = comfyui.folder / "models" / "tps_portrait" / "styles" / "broken.safetensors"
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_bytes(b"no style")
    try:
        with pytest.raises(urllib.error.HTTPError) as caught:
            picture_of(comfyui, "broken")
        caught.value.close()
    finally:
        broken.unlink()


@in_a_browser
def test_a_click_on_a_picture_chooses_the_style(editor, screenshots):
    editor.page.evaluate(NEW, "TPSPortraitLoadStyle")
    editor.page.wait_for_function(f"() => ({CARDS})().every(card => card[2])", timeout=60_000)
    cards = editor.page.evaluate(CARDS)
    names = [name for name, *_ in cards]
    assert {path.stem for path in (PACK / "styles").glob("*.safetensors")} <= set(names)
    assert cards == [[name, str(name == names[0]).lower(), 192] for name in names]
    editor.screenshot(screenshots / f"style cards ({editor.kind}).png")
    editor.page.locator(".tps-cards button").nth(1).click()
    pressed = [card[1] for card in editor.page.evaluate(CARDS)]
    assert pressed == [str(name == names[1]).lower() for name in names]
    assert editor.page.evaluate(VALUES) == [names[1]]  # the cards are no widget that is saved
    assert editor.page.evaluate(PROMPT) == {"style_name": names[1]}


@in_a_browser
def test_what_a_node_tells_stays_on_it_and_is_no_input(editor, screenshots):
    editor.page.evaluate(NEW, "TPSPortraitSaveStyle")
    editor.page.evaluate(
        "kind => app.api.dispatchCustomEvent(kind, "
        "{ node: String(app.graph.nodes[0].id), text: 'saved as mine', new_file: true })",
        TOLD,
    )
    editor.page.wait_for_function(
        "() => document.body.innerText.match(/saved as mine/g)?.length === 2"
    )
    assert editor.page.locator(".tps-told").inner_text() == "saved as mine"
    editor.screenshot(screenshots / f"told ({editor.kind}).png")
    assert editor.page.evaluate(VALUES) == ["my style", "", ""]


@in_a_browser
def test_its_scripts_raise_no_error(editor):
    place = f"/extensions/{comfyui_host.PACK_NAME}"
    assert [error for error in editor.errors if place in error] == []
