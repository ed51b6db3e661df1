"""What names in a prompt may mean, with stand-ins for ComfyUI's modules.

test_comfyui_attack.py tries the same on a running one.
"""

import importlib
import os
import sys
from types import ModuleType, SimpleNamespace

import pytest

import comfyui as comfyui_host
from hostile_names import NAMES

# What ComfyUI passes on although it is no text.
HOSTILE = [*NAMES, None, 7, ["a"], {"a": 1}]
JSON = (".json", ".pts")
OUTSIDE = r"outside the folders that nodes may use on this server; .* TPS_PORTRAIT_ROOTS$"


@pytest.fixture
def server(monkeypatch, tmp_path):
    """nodes/paths.py on a server that others reach, with the folder that it knows nothing of."""
    base = tmp_path / "comfyui"
    folders = {name: base / name for name in ("input", "output", "temp", "models", "datasets")}
    folders["secret"] = tmp_path / "secret"
    for folder in folders.values():
        folder.mkdir(parents=True)
    host = ModuleType("folder_paths")
    for name in ("input", "output", "temp"):
        setattr(host, f"get_{name}_directory", lambda name=name: str(folders[name]))
    host.models_dir = str(folders["models"])
    host.get_folder_paths = lambda kind: {"datasets": [str(folders["datasets"])]}[kind]
    arguments = ModuleType("comfy.cli_args")
    arguments.args = SimpleNamespace(listen="0.0.0.0,::")
    nodes = ModuleType("tps_portrait.nodes")
    nodes.__path__ = [str(comfyui_host.PACK / "nodes")]
    stand_ins = {
        "folder_paths": host,
        "comfy": ModuleType("comfy"),
        "comfy.cli_args": arguments,
        "tps_portrait.nodes": nodes,
    }
    for name, module in stand_ins.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "tps_portrait.nodes.paths", raising=False)
    monkeypatch.delenv("TPS_PORTRAIT_ROOTS", raising=False)
    monkeypatch.setenv("TPS_PORTRAIT_HOME", str(folders["models"]))
    paths = importlib.import_module("tps_portrait.nodes.paths")
    yield SimpleNamespace(paths=paths, args=arguments.args, **folders)
    del sys.modules["tps_portrait.nodes.paths"]


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
@pytest.mark.parametrize("kind", ["folder", "file", "write", "style"])
def test_a_hostile_name_is_refused_with_a_sentence(kind, name, server):
    uses = {
        "folder": server.paths.readable_folder,
        "file": lambda name: server.paths.readable_file(name, JSON, 100),
        "write": server.paths.writable_path,
        "style": lambda name: server.paths.free_path(name, "styles"),
    }
    before = set(server.secret.parent.rglob("*"))
    with pytest.raises(ValueError, match=r"^[^\0-\x1f\x7f-\x9f]{5,400}$") as refused:
        uses[kind](name)
    assert not isinstance(refused.value, UnicodeError)
    assert set(server.secret.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["a/b", "a\\b", "/x", ".hidden", "..x", "x" * 181])
def test_a_name_for_something_new_is_one_that_every_system_can_have(name, server):
    with pytest.raises(ValueError, match=r"can't be a file's name.*; use letters, digits"):
        server.paths.file_name(name)


@pytest.mark.parametrize("name", ["my style", "Öl auf Leinwand", "水彩", "a.b", "console", "x~1"])
def test_plain_names_are_as_they_were(name, server):
    assert server.paths.file_name(f" {name}.safetensors ", ".safetensors") == name
    assert server.paths.writable_path(f"kept/{name}") == server.output / "kept" / name
    (server.input / name).mkdir()
    assert server.paths.readable_folder(f' "{name}" ') == server.input / name


def test_what_lies_outside_is_refused_alike_whether_it_is_there_or_not(server):
    (server.secret / "there.json").write_text("{}")
    (server.secret / "folder").mkdir()
    (server.input / "link").symlink_to(server.secret)
    said = set()
    for place in (str(server.secret), "link", str(server.input / "link")):
        for name in ("there.json", "missing.json", "there.json/x.json"):
            with pytest.raises(ValueError, match=OUTSIDE) as refused:
                server.paths.readable_file(f"{place}/{name}", JSON, 100)
            said.add(str(refused.value).split(": ", 1)[1])
        for name in ("folder", "missing"):
            with pytest.raises(ValueError, match=OUTSIDE) as refused:
                server.paths.readable_folder(f"{place}/{name}")
            said.add(str(refused.value).split(": ", 1)[1])
    assert len(said) == 1


def test_what_lies_outside_by_its_name_is_not_even_looked_at(server, monkeypatch):
    """On Windows a look at \\\\host\\share tells that host who is asking."""
    looked, realpath = [], os.path.realpath
    monkeypatch.setattr(
        os.path, "realpath", lambda path: looked.append(str(path)) or realpath(path)
    )
    monkeypatch.setattr(os.path, "lexists", lambda path: looked.append(str(path)) or False)
    uses = (
        server.paths.readable_folder,
        lambda name: server.paths.readable_file(name, JSON, 100),
        server.paths.writable_path,
    )
    for use in uses:
        with pytest.raises(ValueError, match=OUTSIDE):
            use(f"{server.secret}/a.json")
    assert looked
    assert [path for path in looked if path.startswith(str(server.secret))] == []


def test_links_may_lead_about_below_the_roots_only(server):
    (server.output / "made").mkdir()
    (server.output / "made" / "a.json").write_text("{}")
    (server.input / "to output").symlink_to(server.output / "made")
    (server.secret / "b.json").write_text("{}")
    (server.input / "b.json").symlink_to(server.secret / "b.json")
    (server.input / "round").symlink_to(server.input / "round")
    assert server.paths.readable_folder("to output") == server.output / "made"
    assert server.paths.readable_file("to output/a.json", JSON, 100).name == "a.json"
    with pytest.raises(ValueError, match=OUTSIDE):
        server.paths.readable_file("b.json", JSON, 100)
    with pytest.raises(ValueError, match="no such folder"):
        server.paths.readable_folder("round")


@pytest.mark.parametrize("name", ["out/x", "out", "{output}/out/x", "{secret}/x", "{output}", "."])
def test_nothing_is_written_outside_by_a_link_or_a_full_path(name, server):
    (server.output / "out").symlink_to(server.secret)
    with pytest.raises(ValueError, match=OUTSIDE):
        server.paths.writable_path(name.format(output=server.output, secret=server.secret))
    assert list(server.secret.iterdir()) == []


def test_full_paths_may_lead_into_comfyui_s_own_folders(server):
    (server.datasets / "art").mkdir()
    assert server.paths.readable_folder(str(server.datasets / "art")) == server.datasets / "art"
    assert server.paths.readable_folder("art") == server.datasets / "art"
    place = server.paths.writable_path(str(server.input / "sub" / "photo.jpg"))
    assert place == server.input / "sub" / "photo.jpg"
    for folder in (server.models, server.temp):
        with pytest.raises(ValueError, match=OUTSIDE):
            server.paths.writable_path(str(folder / "x"))


def test_a_root_that_is_no_full_path_is_none(server, monkeypatch):
    monkeypatch.chdir(server.secret.parent)
    monkeypatch.setenv("TPS_PORTRAIT_ROOTS", "secret")
    with pytest.raises(ValueError, match=OUTSIDE):
        server.paths.readable_folder(str(server.secret))


def test_the_owner_may_add_roots(server, monkeypatch):
    roots = os.pathsep.join(["relative", str(server.secret), ""])
    monkeypatch.setenv("TPS_PORTRAIT_ROOTS", roots)
    assert server.paths.readable_folder(str(server.secret)) == server.secret
    assert server.paths.writable_path(str(server.secret / "x")) == server.secret / "x"
    with pytest.raises(ValueError, match=OUTSIDE):
        server.paths.readable_folder(str(server.secret.parent))


@pytest.mark.parametrize(
    ("listen", "alone"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("127.0.0.1,::1", True),
        ("127.2.2.2, 127.3.3.3", True),
        ("0.0.0.0,::", False),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("127.0.0.1,192.168.1.2", False),
        ("my.machine", False),
        ("", False),
        (None, False),
    ],
)
def test_only_a_server_that_nobody_else_reaches_reads_any_folder(listen, alone, server, tmp_path):
    server.args.listen = listen
    if alone:
        assert server.paths.readable_folder(str(server.secret)) == server.secret
    else:
        with pytest.raises(ValueError, match=OUTSIDE):
            server.paths.readable_folder(str(server.secret))
    with pytest.raises(ValueError, match=OUTSIDE):
        server.paths.writable_path(str(server.secret / "x"))


@pytest.mark.parametrize("how", ["setting", "users"])
def test_a_server_behind_a_proxy_can_be_told_that_others_reach_it(how, server, monkeypatch):
    server.args.listen = "127.0.0.1"
    if how == "setting":
        monkeypatch.setenv("TPS_PORTRAIT_ROOTS", "")
    else:
        server.args.multi_user = True
    with pytest.raises(ValueError, match=OUTSIDE):
        server.paths.readable_folder(str(server.secret))


def test_a_home_folder_is_the_owner_s_alone(server, monkeypatch):
    monkeypatch.setenv("HOME", str(server.secret))
    monkeypatch.setenv("USERPROFILE", str(server.secret))
    with pytest.raises(ValueError, match=OUTSIDE):
        server.paths.readable_folder("~")
    server.args.listen = "127.0.0.1"
    assert server.paths.readable_folder("~") == server.secret


def test_only_regular_files_of_a_kind_and_a_size_are_loaded(server):
    (server.input / "folder.json").mkdir()
    (server.input / "large.json").write_text("x" * 101)
    (server.input / "notes.txt").write_text("x")
    (server.input / "fine.JSON").write_text("x" * 100)
    cases = {"folder.json": "not a regular file", "large.json": "101 bytes are too many, 100 at",
             "notes.txt": "has to end in .json or .pts", "none.json": "no such file"}  # fmt: skip
    if hasattr(os, "mkfifo"):
        os.mkfifo(server.input / "pipe.json")
        cases["pipe.json"] = "not a regular file"
    for name, reason in cases.items():
        with pytest.raises(ValueError, match=reason):
            server.paths.readable_file(name, JSON, 100)
    assert server.paths.readable_file("fine.JSON", JSON, 100) == server.input / "fine.JSON"


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="a device of Unix")  # noqa: PTH110
def test_a_device_is_no_file_even_where_any_file_may_be_read(server):
    server.args.listen = "127.0.0.1"
    (server.input / "zero.json").symlink_to("/dev/zero")
    with pytest.raises(ValueError, match="not a regular file"):
        server.paths.readable_file("zero.json", JSON, 100)


def test_a_walk_stays_below_the_roots_and_ends(server, monkeypatch):
    (server.secret / "diary.png").write_text("x")
    (server.input / "art" / "below").mkdir(parents=True)
    (server.input / "art" / "below" / "a.png").write_text("x")
    (server.input / "art" / "out").symlink_to(server.secret)
    names = [path.name for path in server.paths.files_below(server.input / "art")]
    assert names == ["a.png", "out"]  # the link stands for what it leads to
    monkeypatch.setattr(server.paths.server_paths, "MOST_FILES", 1)
    with pytest.raises(ValueError, match="art: more than 1 files in the folder and below it"):
        server.paths.files_below(server.input / "art")


def test_a_fingerprint_is_of_what_may_be_read_and_never_fails(server):
    file = server.input / "a.json"
    file.write_text("1")
    find = lambda name: server.paths.fingerprint(  # noqa: E731
        lambda: [server.paths.readable_file(name, JSON, 100)]
    )
    first = find("a.json")
    file.with_suffix(".new").write_text("2")
    file.with_suffix(".new").replace(file)
    assert find("a.json") not in ("", first)
    for name in [*HOSTILE, str(server.secret), "/proc/self/mem", "missing.json"]:
        assert find(name) == ""


def test_saved_things_are_found_by_the_names_in_the_list_alone(server):
    files = {"oil": server.models / "oil.safetensors"}
    assert server.paths.listed("oil", files, "style") == files["oil"]
    for name in (str(files["oil"]), "../oil", "OIL", "", None, ["oil"], 1):
        with pytest.raises(ValueError, match="no such style; choose one of the list"):
            server.paths.listed(name, files, "style")


def test_a_taken_name_gets_a_number_even_if_a_link_took_it(server):
    place = server.paths.free_output("mine", ".onnx")
    assert place == server.output / "tps_portrait" / "mine.onnx"
    place.touch()
    assert server.paths.free_output("mine.onnx", ".onnx").name == "mine 2.onnx"
    style = server.paths.free_path("mine", "styles")
    style.symlink_to(server.secret / "nothing")
    assert server.paths.free_path("mine", "styles").name == "mine 2.safetensors"
    stopped = server.paths.free_path("x" * 180, "styles", " at step 1000000")
    assert len(stopped.name) < 255


def test_a_folder_that_cannot_be_made_is_said(server):
    (server.output / "file").write_text("x")
    with pytest.raises(ValueError, match="file/x: its folder can't be made"):
        server.paths.writable_path("file/x")
