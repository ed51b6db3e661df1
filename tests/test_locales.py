"""Translations: none is missing, none is left over, and the editor's page shows them.

English has no files of its own: ComfyUI shows the nodes' definitions where a language has no
translation, and the scripts' words are English. So what is to be translated is read from those.
"""

import json
import re

import pytest

import comfyui as comfyui_host
from editor import change_settings, find_browser, open_editor

LOCALES = comfyui_host.PACK / "locales"
LANGUAGES = sorted(folder.name for folder in LOCALES.iterdir())
# What the scripts in web/ ask for, as web/words.js says.
ASKED = re.compile(r'\bword\(\s*"((?:[^"\\]|\\.)*)"')
SCRIPTS = "\n".join(path.read_text("utf-8") for path in (comfyui_host.PACK / "web").glob("*.js"))
# ComfyUI's translator takes these for its own: a link, a plural, a value.
OWN_SIGNS = re.compile(r"[@|{}]")
WORDS_ON_THE_NODE = """() => {
    const node = LiteGraph.createNode("TPSPortraitEditLandmarks");
    app.graph.add(node);
    const { element } = node.widgets.find((widget) => widget.name === "edits");
    return [
        element.querySelector('[data-action="undo"]').title,
        element.querySelector(".message").textContent,
    ];
}"""


def read(language: str, name: str) -> dict:
    return json.loads((LOCALES / language / name).read_text("utf-8"))


def texts(nodes: dict) -> dict[str, str]:
    """The translated texts by their paths: "TPSPortraitWarp.inputs.image.name"."""
    found = {}
    for key, value in nodes.items():
        below = texts(value) if isinstance(value, dict) else {"": value}
        found |= {f"{key}.{path}".rstrip("."): text for path, text in below.items()}
    return found


def english(info: dict) -> dict:
    """The texts of a node, by /object_info, as a nodeDefs.json has them."""
    inputs = info["input"].get("required", {}) | info["input"].get("optional", {})
    tooltips = info.get("output_tooltips") or [None] * len(info["output"])
    outputs = enumerate(zip(info["output"], info["output_name"], tooltips, strict=True))
    return {
        "display_name": info["display_name"],
        "description": info["description"],
        "inputs": {
            # ComfyUI looks for a dotted name, which is an input of a choice's own, without dots.
            name.replace(".", "_"): said(name, options.get("tooltip"))
            for name, (_, options) in inputs.items()
        },
        # One that is called by its type has ComfyUI's own word for that.
        "outputs": {
            str(index): said("" if name == kind else name, tooltip)
            for index, (kind, name, tooltip) in outputs
        },
    }


def said(name: str, tooltip: str | None) -> dict:
    return {key: text for key, text in (("name", name), ("tooltip", tooltip)) if text}


@pytest.fixture(scope="module")
def nodes(comfyui: comfyui_host.Host) -> dict[str, dict]:
    """What each of our nodes says in English."""
    ours = comfyui.object_info().items()
    return {name: english(info) for name, info in ours if name.startswith("TPSPortrait")}


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_every_node_is_translated_and_nothing_else(nodes, language):
    wanted, there = set(texts(nodes)), set(texts(read(language, "nodeDefs.json")))
    assert {"missing": sorted(wanted - there), "superfluous": sorted(there - wanted)} == {
        "missing": [],
        "superfluous": [],
    }


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_numbers_and_the_nodes_names_of_the_text(nodes, language):
    translated = texts(read(language, "nodeDefs.json"))
    names = {node["display_name"]: translated[f"{key}.display_name"] for key, node in nodes.items()}
    for path, text in texts(nodes).items():
        named = [names[name] for name in names if name in text]
        # "one" and "two" may be numbers there, but what is a number here is one there too.
        for part in [*re.findall(r"\d+(?:\.\d+)?", text), *named]:
            assert part in translated[path], f"{path}: {text}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_scripts_words_are_translated_and_nothing_else(language):
    there = read(language, "main.json")["tpsPortrait"]
    assert sorted(there) == sorted(set(ASKED.findall(SCRIPTS)))
    for text, translation in there.items():
        values = re.findall(r"\{\w+\}", text)
        assert sorted(values) == sorted(re.findall(r"\{\w+\}", translation)), text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_empty_or_has_signs_of_comfyui_s_translator(language):
    shown = read(language, "nodeDefs.json") | read(language, "main.json")["nodeCategories"]
    for path, text in texts(shown).items():
        assert text.strip(), path
        assert not OWN_SIGNS.search(text), f"{path}: {text}"


@pytest.mark.slow
def test_the_folders_of_the_nodes_are_translated(comfyui):
    ours = [i for name, i in comfyui.object_info().items() if name.startswith("TPSPortrait")]
    folders = {folder for info in ours for folder in info["category"].split("/")[1:]}
    for language in LANGUAGES:
        assert set(read(language, "main.json")["nodeCategories"]) == folders


@pytest.mark.slow
def test_comfyui_s_page_gets_the_translations_and_the_editor_speaks_them(comfyui):
    served = comfyui.get("/i18n")["ja"]
    assert served["nodeDefs"].items() >= read("ja", "nodeDefs.json").items()
    # The page of ComfyUI 0.3.75 forgets what packs call their nodes when it loads a language;
    # newer ones don't. What the editor says, it asks for itself.
    if not (browser := find_browser()):
        pytest.skip("needs a Chromium")
    try:
        with open_editor(comfyui.url, browser, {"Comfy.Locale": "ja"}) as editor:
            shown = editor.page.evaluate(WORDS_ON_THE_NODE)
    finally:
        change_settings(comfyui.url, {"Comfy.Locale": "en"})  # for the tests after this one
    words = read("ja", "main.json")["tpsPortrait"]
    waiting = "Run the workflow once: the image then appears here."
    assert shown == [words["Undo (Ctrl+Z)"], words[waiting]]
