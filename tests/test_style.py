from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from tps_portrait.tps_core.align import CROP
from tps_portrait.tps_core.container import write_container
from tps_portrait.tps_core.painting.generator import Generator
from tps_portrait.tps_core.style import FORMAT, Style, find_style, load_style, save_style

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def style():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator().eval().requires_grad_(False)
    record = {"architecture": generator.architecture, "crop": CROP, "size": 128, "steps": 3}
    return Style(generator, record)


def test_a_saved_style_paints_the_same_picture(style, tmp_path):
    save_style(style, tmp_path / "a.safetensors")
    loaded = load_style(tmp_path / "a.safetensors")
    picture = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert loaded.record == style.record
    difference = (loaded(picture) - style(picture)).abs()
    assert difference.max() < 4 / 255, f"mean {difference.mean():.5f}"  # half precision on disk


def test_it_is_small_on_disk(style, tmp_path):
    save_style(style, tmp_path / "a.safetensors")
    assert (tmp_path / "a.safetensors").stat().st_size < 4e6
    assert [p.name for p in tmp_path.iterdir()] == ["a.safetensors"]  # nothing temporary left


def test_a_whole_image_is_painted_as_the_middle_of_a_larger_one(style):
    pictures = torch.rand(1, 3, 40, 50)
    larger = torch.nn.functional.pad(pictures, [16] * 4, mode="replicate")
    painted = style.paint_within(pictures)
    assert torch.equal(painted, style(larger)[..., 16:56, 16:66])
    assert not torch.allclose(painted, style(pictures))


@pytest.mark.parametrize(("h", "w"), [(17, 33), (1, 1), (64, 50)])
def test_pictures_of_any_size_are_painted(style, h, w):
    assert style(torch.rand(1, 3, h, w)).shape == (1, 3, h, w)


def foreign(path):
    save_file({"x": torch.zeros(1)}, path)


def newer(path):
    write_container(path, "tps-portrait-style/2", {}, {})


def a_bank(path):
    write_container(path, "tps-portrait-bank/1", {}, {})


def cut_short(path):
    write_container(path, FORMAT, {"x": torch.zeros(100)}, {})
    path.write_bytes(path.read_bytes()[:100])


def other_network(path):
    write_container(path, FORMAT, {}, {"architecture": {"name": "vit"}, "crop": CROP})


def wrong_weights(path):
    record = {"architecture": Generator().architecture, "crop": CROP}
    write_container(path, FORMAT, {"x": torch.zeros(1)}, record)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file"),
        (foreign, "not a style of TPS Portrait"),
        (a_bank, "not a style of TPS Portrait .it says 'tps-portrait-bank/1'"),
        (newer, "format version 2.* update the pack"),
        (cut_short, "damaged"),
        (other_network, "newer TPS Portrait"),
        (wrong_weights, "damaged"),
        (lambda path: path.write_bytes(b"hello"), "damaged"),
    ],
    ids=["missing", "foreign", "bank", "newer", "cut", "network", "weights", "text"],
)
def test_a_file_that_is_no_style_is_refused_with_a_sentence(make, message, tmp_path):
    path = tmp_path / "a.safetensors"
    make(path)
    with pytest.raises(ValueError, match=message):
        load_style(path)


def test_a_style_is_found_by_name_in_the_home_folder(style, tmp_path, monkeypatch):
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(tmp_path))
    save_style(style, tmp_path / "styles" / "my oil.safetensors")
    assert find_style("my oil") == tmp_path / "styles" / "my oil.safetensors"
    with pytest.raises(ValueError, match="no such style or file; styles: .*my oil"):
        find_style("nothing")


def test_another_ending_is_refused(style, tmp_path):
    with pytest.raises(ValueError, match="must end in .safetensors"):
        save_style(style, tmp_path / "a.pth")


@pytest.mark.parametrize("version", ["0.1.0", "the lean network"])
def test_a_style_of_an_earlier_version_paints_what_it_painted(version):
    loaded = load_style(DATA / f"style of {version}.safetensors")
    painted = load_file(DATA / f"painted by {version}.safetensors")["painted"]
    picture = torch.rand(1, 3, 64, 48, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(loaded(picture), painted, atol=1e-4, rtol=0)


@pytest.mark.parametrize(
    "weight", [float("nan"), 1e6], ids=["none", "too large for half precision"]
)
def test_a_style_with_weights_that_are_not_finite_is_not_saved(generator, tmp_path, weight):
    next(generator.parameters())[0] = weight
    with pytest.raises(ValueError, match="s.safetensors: not saved, as weights .* are infinite"):
        save_style(Style(generator, {}), tmp_path / "s.safetensors")
    assert not (tmp_path / "s.safetensors").exists()
