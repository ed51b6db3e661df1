"""Where models and styles are looked for, and where new ones are put."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

from tps_portrait.tps_core import folders

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """No setting, no host, and a data folder of our own."""
    monkeypatch.delenv("TPS_PORTRAIT_HOME", raising=False)
    monkeypatch.setattr(folders, "_host_folders", [])
    monkeypatch.setattr(folders, "PACK", tmp_path / "pack")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("model")
    return path


def test_a_model_is_found_at_home_before_the_default(monkeypatch, tmp_path):
    default = put(tmp_path / "data" / "tps-portrait" / "model")
    assert folders.find_model("model") == default
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(tmp_path / "home"))
    assert folders.find_model("model") == default
    below = put(tmp_path / "home" / "models" / "model")
    assert folders.find_model("model") == below
    direct = put(tmp_path / "home" / "model")
    assert folders.find_model("model") == direct


def test_a_model_that_is_nowhere_is_not_found():
    assert folders.find_model("model") is None


def test_new_models_go_home_if_that_can_be_written_to(monkeypatch, tmp_path):
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(tmp_path / "home"))
    assert folders.model_folder() == tmp_path / "home"
    (tmp_path / "home").chmod(0o555)
    assert folders.model_folder() == tmp_path / "data" / "tps-portrait"


def test_a_home_that_is_a_file_is_passed_over(monkeypatch, tmp_path):
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(put(tmp_path / "file")))
    assert folders.model_folder() == tmp_path / "data" / "tps-portrait"


def test_where_nothing_can_be_written_a_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(put(tmp_path / "file")))
    with pytest.raises(ValueError, match="can't be written to; set TPS_PORTRAIT_HOME to a folder"):
        folders.model_folder()


def test_in_comfyui_models_lie_in_its_models_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(folders, "PACK", tmp_path / "ComfyUI" / "custom_nodes" / "tps-portrait")
    assert folders.default_folder() == tmp_path / "data" / "tps-portrait"
    (tmp_path / "ComfyUI" / "models").mkdir(parents=True)
    assert folders.default_folder() == tmp_path / "ComfyUI" / "models" / "tps_portrait"


def test_a_linked_pack_belongs_to_the_comfyui_that_it_is_linked_into(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "custom_nodes").mkdir()
    link = tmp_path / "custom_nodes" / "portrait"
    link.symlink_to(ROOT)
    file = link / "tps_core" / "folders.py"
    specification = importlib.util.spec_from_file_location("folders_through_the_link", file)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    assert module.default_folder() == tmp_path / "models" / "tps_portrait"


def test_the_folder_that_the_host_declares_is_the_default(tmp_path):
    folders.add_model_folder(tmp_path / "elsewhere")
    folders.add_model_folder(str(tmp_path / "elsewhere"))
    assert folders.model_folder() == tmp_path / "elsewhere" / "tps_portrait"
    # What was put into the data folder before there was a ComfyUI is still found.
    kept = put(tmp_path / "data" / "tps-portrait" / "model")
    assert folders.find_model("model") == kept


@pytest.mark.parametrize(
    ("system", "variable", "expected"),
    [
        ("linux", None, "user/.local/share/tps-portrait"),
        ("linux", "XDG_DATA_HOME", "set/tps-portrait"),
        ("win32", None, "user/AppData/Local/tps-portrait"),
        ("win32", "LOCALAPPDATA", "set/tps-portrait"),
        ("darwin", None, "user/Library/Application Support/tps-portrait"),
    ],
)
def test_outside_comfyui_models_lie_in_the_users_data_folder(
    monkeypatch, tmp_path, system, variable, expected
):
    monkeypatch.setattr(sys, "platform", system)
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "user")
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "set"))
    assert folders.default_folder() == tmp_path / expected


def test_styles_of_the_user_come_before_the_bundled_ones(monkeypatch, tmp_path):
    assert folders.folders_of("styles") == []
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(tmp_path / "home"))
    places = [
        tmp_path / "home" / "styles",
        tmp_path / "data" / "tps-portrait" / "styles",
        tmp_path / "pack" / "styles",
    ]
    for place in places:
        place.mkdir(parents=True)
    assert folders.folders_of("styles") == places


@pytest.fixture
def homeless(monkeypatch, tmp_path):
    """A user without HOME whom the system doesn't know, and a temporary folder."""

    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setattr(Path, "home", unknown)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folders._temporary_home.cache_clear()
    yield tmp_path
    folders._temporary_home.cache_clear()


def test_a_user_without_a_home_has_a_temporary_folder_and_is_told_once(homeless, caplog):
    for _ in range(2):
        folder = folders.model_folder()
        assert homeless in folder.parents
        assert folder.is_dir()
    (message,) = caplog.messages
    assert "no home folder" in message
    assert "set HOME, or TPS_PORTRAIT_HOME" in message
    assert folders.default_folder() == folder
    folders._temporary_home.cache_clear()
    assert folders.model_folder() == folder  # the same in the next process


@pytest.mark.parametrize("taken", ["file", "link", "open to all"])
def test_what_somebody_else_put_into_the_temporary_folder_is_not_used(taken, homeless):
    place = homeless / f"tps-portrait-of-{os.getuid()}"
    (homeless / "trap").mkdir()
    if taken == "file":
        place.touch()
    elif taken == "link":
        place.symlink_to("trap")
    else:
        place.mkdir()
        place.chmod(0o777)
    assert place not in folders.model_folder().parents
    assert list((homeless / "trap").iterdir()) == []


def test_a_setting_with_the_home_of_nobody_is_refused(monkeypatch):
    monkeypatch.setenv("TPS_PORTRAIT_HOME", "~nobody-of-that-name/models")
    with pytest.raises(ValueError, match="that user has no home here; set it to a full path"):
        folders.home_folder()


@pytest.mark.skipif(os.name == "nt", reason="such names can't be there")
def test_names_that_no_page_can_show_are_left_out_of_lists(tmp_path):
    styles = tmp_path / "data" / "tps-portrait" / "styles"
    for name in ('öl, "fein": 1', "two\nlines", os.fsdecode(b"not\xfftext")):
        put(styles / f"{name}.safetensors")
    assert list(folders.files_by_name("styles")) == ['öl, "fein": 1']
