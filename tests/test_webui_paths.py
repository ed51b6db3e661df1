"""What names in the WebUI's tab may mean."""

import pytest

import webui_stand_ins
from hostile_names import NAMES

OUTSIDE = r"outside the folders that the tab may use on this server; .* TPS_PORTRAIT_ROOTS$"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The data of a WebUI, with pictures in its place for them, and a secret beside it."""
    monkeypatch.delenv("TPS_PORTRAIT_ROOTS", raising=False)
    monkeypatch.setenv("TPS_PORTRAIT_HOME", "")
    (tmp_path / "webui/models/tps_portrait/pictures/art").mkdir(parents=True)
    (tmp_path / "secret").mkdir()
    return tmp_path / "webui"


@pytest.fixture
def paths_for(folder, monkeypatch):
    """The room's paths in a WebUI that was started with some options."""

    def start(**options):
        webui_stand_ins.lend(monkeypatch, folder, **options)
        return webui_stand_ins.load("paths")

    return start


@pytest.mark.parametrize("name", [*NAMES, None, 7, ["a"]], ids=ascii)
def test_a_hostile_name_is_refused_with_a_sentence(name, paths_for, folder):
    paths = paths_for(listen=True)
    before = set(folder.parent.rglob("*"))
    for use in (paths.readable_folder, paths.training_folder):
        with pytest.raises(ValueError, match=r"^[^\0-\x1f\x7f-\x9f]{5,400}$"):
            use(name)
    assert set(folder.parent.rglob("*")) == before


OTHERS = ("listen", "share", "ngrok", "gradio_auth", "subpath", "hide_ui_dir_config")


@pytest.mark.parametrize(
    "options",
    [*({name: "x"} for name in OTHERS), {"server_name": "0.0.0.0"}, {"webui_is_non_local": True}],
    ids=str,
)
def test_a_webui_that_others_reach_reads_its_own_folders_alone(options, paths_for, folder):
    paths = paths_for(**options)
    assert paths.readable_folder("art") == folder / "models/tps_portrait/pictures/art"
    for name in (str(folder.parent / "secret"), str(folder), "/etc"):
        with pytest.raises(ValueError, match=OUTSIDE):
            paths.readable_folder(name)
    (folder / "models/tps_portrait/pictures/out").symlink_to(folder.parent / "secret")
    with pytest.raises(ValueError, match=OUTSIDE):
        paths.readable_folder("out")


@pytest.mark.parametrize("options", [{}, {"server_name": "127.0.0.1"}, {"listen": False}], ids=str)
def test_one_that_nobody_else_reaches_reads_any_folder(options, paths_for, folder, monkeypatch):
    secret = folder.parent / "secret"
    assert paths_for(**options).readable_folder(str(secret)) == secret
    monkeypatch.setenv("TPS_PORTRAIT_ROOTS", "")
    with pytest.raises(ValueError, match=OUTSIDE):
        paths_for(**options).readable_folder(str(secret))
    monkeypatch.setenv("TPS_PORTRAIT_ROOTS", str(secret))
    assert paths_for(listen=True).readable_folder(str(secret)) == secret


def test_trainings_styles_and_banks_lie_in_the_webui_s_models(paths_for, folder):
    training = paths_for().training_folder("my style.safetensors")
    assert training == folder / "models/tps_portrait/trainings/my style"


def test_only_what_a_list_offers_is_taken_from_it(paths_for, folder):
    files = {"art": folder / "art.safetensors"}
    paths = paths_for()
    assert paths.listed("art", files, "face bank") == files["art"]
    for name in (str(files["art"]), "../art", None, ["art"], ""):
        with pytest.raises(ValueError, match="no such face bank; choose one of the list"):
            paths.listed(name, files, "face bank")
