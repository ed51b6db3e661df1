"""What nodes say of themselves, check before they run, and leave to ComfyUI.

All in one process that has ComfyUI's modules, but no server.
"""

import pytest
from safetensors.torch import save_file

import comfyui as comfyui_host
from faces import noise

pytestmark = pytest.mark.slow

RUN = """
import dataclasses, os, types
from pathlib import Path

import folder_paths
import torch

given = json.load(sys.stdin)
inputs = Path(folder_paths.get_input_directory())
assert load_pack()
ours = {name.rpartition(".nodes.")[2]: module for name, module in sys.modules.items()
        if ".nodes." in name}
node = lambda name: nodes.NODE_CLASS_MAPPINGS[f"TPSPortrait{name}"]

def message_of(work):
    try:
        return f"no error, but {work()}"
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__name__}: {error}"

# As newer versions have it.
@dataclasses.dataclass
class NewSchema:
    node_id: str
    inputs: list
    search_aliases: list = ()
    essentials_category: str = None

of_new = types.SimpleNamespace(Schema=NewSchema)
made = ours["schema"]
old, made.io = made.io, of_new
newer = dataclasses.asdict(made.schema("face, paint", essential=True, node_id="A", inputs=[]))
plainer = dataclasses.asdict(made.schema("face, paint", node_id="A", inputs=[]))
made.io = old

build, load = node("BuildFaceBank"), node("LoadLandmarks")
print_of = lambda: build.fingerprint_inputs("art", 64, "auto", 0.5)
prints = {"first": print_of(), "again": print_of()}
sidecar = inputs / "art" / "a.landmarks.json"
sidecar.write_text("{}")
prints["with a sidecar"] = print_of()
sidecar.write_text("{ }")
prints["sidecar changed"] = print_of()
os.utime(inputs / "art" / "a.png", ns=(1, 1))
prints["picture changed"] = print_of()
(inputs / "art" / "more").mkdir()
(inputs / "art" / "a.png").rename(inputs / "art" / "more" / "a.png")
prints["picture moved"] = print_of()
prints["and again"] = print_of()
prints["chosen"] = build.fingerprint_inputs("nowhere", 64, "auto", 0.5, "art")
prints["missing"] = build.fingerprint_inputs("nowhere", 64, "auto", 0.5)
prints["linked"] = build.fingerprint_inputs(None, 64, "auto", 0.5)

styles = Path(folder_paths.models_dir) / "tps_portrait" / "styles"
styles.mkdir(parents=True)
bundled = ours["style_nodes"].list_styles()["ink line"]
(styles / "mine.safetensors").write_bytes(bundled.read_bytes())
style_print = lambda: node("LoadStyle").fingerprint_inputs("mine")
style_prints = [style_print(), style_print()]
os.utime(styles / "mine.safetensors", ns=(1, 1))
style_prints.append(style_print())

valid = {
    "folder": build.validate_inputs("art"),
    "no folder": build.validate_inputs("nowhere"),
    "chosen": build.validate_inputs("nowhere", "art"),
    "chosen, gone": build.validate_inputs("art", "gone"),
    "linked folder": build.validate_inputs(None),
    "no file": load.validate_inputs("nowhere.pts"),
    "no landmarks beside it": load.validate_inputs("art/more/a.png"),
    "linked file": load.validate_inputs(None),
    **{name: [node(name).validate_inputs(given) for given in ("my face", "a/b", None)]
       for name in ("SaveStyle", "SaveFaceBank", "ExportStyle")},
}

core = ours["core_landmarker"]
models = []
for name in ("others", "models"):
    folder_paths.folder_names_and_paths["detection"] = ([given[name]], {".safetensors"})
    models.append(core._model())
del folder_paths.folder_names_and_paths["detection"]
models.append(core._model())

loaded = node("LoadStyle").execute("ink line").args[0]
from comfy import model_management
painter = sys.modules[type(loaded).__mro__[1].__module__.replace(".style", ".painting.painter")]
managed = []
with torch.inference_mode():
    photo = torch.rand(2, 48, 64, 3, generator=torch.Generator().manual_seed(0))
    first = node("ApplyStyle").execute(photo, loaded, 1.0).args[0]
    managed.append([len(model_management.current_loaded_models), len(painter._painters)])
    model_management.free_memory(1e30, torch.device("cpu"))  # as "unload models" does
    managed.append([len(model_management.current_loaded_models), len(painter._painters)])
    again = node("ApplyStyle").execute(photo, loaded, 1.0).args[0]
    managed.append([len(model_management.current_loaded_models), len(painter._painters)])
    plain = ours["style_nodes"].load_style(bundled)
    unmanaged = node("ApplyStyle").execute(photo, plain, 1.0).args[0]

    style_nodes, chunks = ours["style_nodes"], []
    style_nodes.at_once = lambda device, pixels: chunks.append(pixels) or 2
    three = torch.cat([photo, photo[:1]])
    in_chunks = node("ApplyStyle").execute(three, loaded, 1.0).args[0] - first[[0, 1, 0]]

management, get_free = ours["managed_style"].management, model_management.get_free_memory
management.get_free_memory = lambda device: 3.5 * 1000 * ours["managed_style"].BYTES_PER_PIXEL
at_once = [ours["managed_style"].at_once(torch.device(name), pixels) for name, pixels in
           (("cpu", 1), ("meta", 1), ("meta", 1000), ("meta", 10**9))]  # meta: a graphics card
management.get_free_memory = get_free

blank = torch.full((1, 64, 64, 3), 0.5)

class Pressing(torch.overrides.TorchFunctionMode):
    "Presses Cancel at the fifth of torch's functions, and counts them."
    seen = 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.seen += 1
        if self.seen == 5:
            model_management.interrupt_current_processing()
        return func(*args, **(kwargs or {}))

def seen_by(name, *args):
    "How many of torch's functions the node has called when it ends, cancelled at the fifth."
    try:
        with Pressing() as pressing:
            node(name).execute(*args)
    except model_management.InterruptProcessingException:
        return pressing.seen
    finally:
        model_management.interrupt_current_processing(False)

cancelled = {
    "finding a face": seen_by("DetectLandmarks", blank, "auto", 1, 0.5, "empty"),
    "painting": seen_by("Stylize", blank, plain, True, 1.0, 0.0),
    "painting a video": seen_by("Stylize", blank, plain, True, 1.0, 0.0, None, True),
    "painting from edge to edge": seen_by("ApplyStyle", blank, plain, 1.0),
    "painting like a picture": seen_by("PaintLike", blank, blank, True, 1.0, 1.0, 0.0),
    "evaluating": seen_by("EvaluateStyle", blank, blank, None, "auto", 0.5),
    "exporting": seen_by("ExportStyle", plain, "a", 0, "float32"),
}

sockets = ours["sockets"]
counted = []

def results():
    for level in (0.25, 2.0):
        yield torch.full((3, 4, 6), level), torch.ones(1, 4, 6)
        counted.append(level)

image, mask = sockets.gathered(results(), 2)
from_faces = node("BlendFace").execute
alignment = [(0, ours["warp_nodes"].align(sockets.Landmarks(
    torch.tensor(given["points"]), "ibug-68", (64, 64))))]
print(json.dumps({
    "newer": newer, "plainer": plainer, "prints": prints, "style prints": style_prints,
    "valid": valid, "models": models, "managed": managed,
    "apart": [float((other - first).abs().max()) for other in (again, unmanaged)],
    "at once": at_once, "chunks": chunks, "cancelled": cancelled,
    "chunks apart": float(in_chunks.abs().max()),
    "folders": build.define_schema().inputs[-1].options,
    "advanced": {n.node_id: [i.id for i in n.inputs if i.as_dict().get("advanced")]
                 for n in (node(name).define_schema() for name in ("Stylize", "DetectLandmarks"))},
    "no face": message_of(lambda: node("Stylize").execute(blank, plain, False, 1.0, 0.0)),
    "no face, video":
        message_of(lambda: node("Stylize").execute(blank, plain, False, 1.0, 0.0, video=True)),
    "another number": message_of(lambda: from_faces(blank, blank, [], 0.0)),
    "not square":
        message_of(lambda: from_faces(blank, torch.zeros(1, 32, 48, 3), alignment, 0.0)),
    "gathered": [list(image.shape), list(mask.shape), image[:, 0, 0, 0].tolist()],
}))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What RUN said."""
    import torch

    from tps_portrait.tps_core.landmarks import mean_face

    folder = tmp_path_factory.mktemp("nodes")
    for name in ("art", "art/deeper", ".hidden", "photos"):
        (folder / "base" / "input" / name).mkdir(parents=True)
    noise().save(folder / "base" / "input" / "art" / "a.png")
    places = {name: folder / name for name in ("others", "models")}
    for place in places.values():
        place.mkdir()
        save_file({"backbone.weight": torch.zeros(1)}, place / "another.safetensors")
        (place / "broken.safetensors").write_bytes(b"half a download")
    weights = {f"{part}.a": torch.zeros(1) for part in ("detector_short", "mesh", "topology")}
    save_file(weights, places["models"] / "face.safetensors")
    given = {name: str(place) for name, place in places.items()}
    given["points"] = (mean_face("ibug-68") * 0.5).tolist()
    return comfyui_host.run_inside(RUN, folder / "base", given=given)


def test_newer_versions_are_told_by_which_words_a_node_is_looked_for(said):
    assert said["newer"]["search_aliases"] == ["face", "paint"]
    assert said["newer"]["essentials_category"] == "Image Tools"
    assert said["plainer"]["essentials_category"] is None


def test_every_version_is_told_which_inputs_are_advanced(said):
    assert said["advanced"] == {
        "TPSPortraitStylize": ["color_match", "keep_colors", "no_face"],
        "TPSPortraitDetectLandmarks": ["detector"],
    }


def test_an_unchanged_folder_is_not_read_again(said):
    prints = said["prints"]
    assert prints["again"] == prints["first"] != ""
    assert prints["and again"] == prints["picture moved"] == prints["chosen"]


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ("first", "with a sidecar"),
        ("with a sidecar", "sidecar changed"),
        ("sidecar changed", "picture changed"),
        ("picture changed", "picture moved"),
    ],
)
def test_a_changed_folder_is_read_again(before, change, said):
    assert said["prints"][before] != said["prints"][change]


def test_a_folder_that_is_missing_or_linked_ends_no_run_before_it_begins(said):
    assert said["prints"]["missing"] == said["prints"]["linked"] == ""


def test_a_changed_style_is_loaded_again_and_an_unchanged_one_is_not(said):
    first, again, changed = said["style prints"]
    assert first == again != changed


def test_the_folders_to_choose_from_are_those_of_the_input(said):
    assert said["folders"][1:] == ["art", "art/deeper", "art/more", "photos", "tps_portrait_art"]


@pytest.mark.parametrize("what", ["folder", "chosen", "linked folder", "linked file"])
def test_what_may_be_right_is_left_to_the_run(what, said):
    assert said["valid"][what] is True


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("no folder", "nowhere: no such folder; name one in ComfyUI's input folder"),
        ("chosen, gone", "gone: no such folder; name one in ComfyUI's input folder"),
        (
            "no file",
            "nowhere.pts: no such file; name one in ComfyUI's input or output folder",
        ),
        (
            "no landmarks beside it",
            "art/more/a.landmarks.json: no such file; name one in ComfyUI's input or output folder",
        ),
    ],
)
def test_a_missing_file_or_folder_is_said_before_the_run(what, message, said):
    assert said["valid"][what] == message


@pytest.mark.parametrize("name", ["SaveStyle", "SaveFaceBank", "ExportStyle"])
def test_a_name_that_no_file_can_have_is_said_before_the_run(name, said):
    good, bad, linked = said["valid"][name]
    assert (good, linked) == (True, True)
    assert "'a/b' can't be a file's name" in bad


def test_comfyuis_own_landmarker_is_told_from_other_models_by_its_weights(said):
    of_others, found, no_folder = said["models"]
    assert found.endswith("face.safetensors")
    assert (of_others, no_folder) == ("", "")


def test_a_style_is_comfyuis_to_unload_and_what_paints_with_it_goes_too(said):
    assert said["managed"] == [[1, 1], [0, 0], [1, 1]]


def test_a_style_that_was_unloaded_or_never_managed_paints_the_same(said):
    assert said["apart"] == pytest.approx([0, 0], abs=1e-5)


def test_on_a_graphics_card_as_many_pictures_are_painted_together_as_have_room(said):
    assert said["at once"] == [1, 16, 3, 1]


def test_pictures_that_are_painted_together_come_out_as_each_by_itself(said):
    assert said["chunks"] == [48 * 64]
    assert said["chunks apart"] == pytest.approx(0, abs=1e-5)


WORK = (
    "finding a face",
    "painting",
    "painting a video",
    "painting from edge to edge",
    "painting like a picture",
    "evaluating",
    "exporting",
)


@pytest.mark.parametrize("work", WORK)
def test_cancel_ends_work_before_the_next_function_of_torch(work, said):
    assert said["cancelled"][work] == 5


@pytest.mark.parametrize("what", ["no face", "no face, video"])
def test_errors_of_the_packs_own_kinds_reach_comfyui_as_plain_ones(what, said):
    assert said[what].startswith("builtins.ValueError: ")
    assert "lower min_confidence in a Detect Face Landmarks that you connect, set no_face to " \
        "skip, or " in said[what]  # fmt: skip


def test_faces_that_are_not_square_are_refused_in_a_sentence(said):
    assert said["not square"] == (
        "builtins.ValueError: the faces are 48 x 32 pixels, and have to be square, as Align Face "
        "gives them; scale them without cropping"
    )
    assert said["another number"].startswith("builtins.ValueError: 1 faces for 0 alignments")


def test_results_are_put_into_one_image_as_they_come(said):
    assert said["gathered"] == [[2, 4, 6, 3], [2, 4, 6, 1], [0.25, 1.0]]
