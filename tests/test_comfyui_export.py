"""Exporting a style in a real ComfyUI."""

import pytest

from comfyui import node

pytestmark = pytest.mark.slow


def prompt(**settings):
    style = node("TPSPortraitLoadStyle", style_name="ink line")
    settings = {"name": "my ink", "size": 0, "precision": "float16"} | settings
    export = node("TPSPortraitExportStyle", style=["style", 0], **settings)
    return {"style": style, "export": export}


def test_a_style_is_written_into_the_output_and_a_second_one_gets_a_number(comfyui):
    for size, file in ((0, "my ink.onnx"), (256, "my ink 2.onnx")):
        history = comfyui.queue(prompt(size=size))
        path = comfyui.folder / "output" / "tps_portrait" / file
        assert 1e6 < path.stat().st_size < 4e6
        (text,) = history["outputs"]["export"]["text"]
        assert text.startswith(f"{path}: 2.1 MB")
