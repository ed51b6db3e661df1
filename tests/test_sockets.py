"""FACE_LANDMARKS between our nodes and ComfyUI's own, in a process that has ComfyUI's modules.

ComfyUI's side is comfy_extras/nodes_mediapipe.py, which our oldest ComfyUI doesn't have.
"""

import numpy as np
import pytest
import torch

import comfyui as comfyui_host
from tps_portrait.tps_core.landmarks import IBUG_OF_MEDIAPIPE, Landmarks, mean_face

pytestmark = pytest.mark.slow

WIDTH, HEIGHT = 640, 480
FACE = Landmarks(mean_face("mediapipe-478") * 0.5, "mediapipe-478", (WIDTH, HEIGHT))
# Makes what MediaPipeFaceLandmarker emits, key by key, takes it in, and gives it out again.
CONVERT = """
import numpy as np
import torch

assert load_pack()
sockets = next(module for name, module in sys.modules.items() if name.endswith(".nodes.sockets"))
given = json.load(sys.stdin)
height, width = given["image_size"]
points = np.array(given["points"], dtype=np.float32)

def core_landmarks(points, frames):
    face = {
        "bbox_xyxy": np.array([*points.min(0), *points.max(0)], dtype=np.float32),
        "blendshapes": {"_neutral": 0.0, "jawOpen": 0.25},
        "landmarks_xy": points,
        "landmarks_3d": np.zeros((len(points), 3), dtype=np.float32),
        "presence": 9.5,
        "score": 0.75,
        "transformation_matrix": np.eye(4, dtype=np.float32),
    }
    return {
        "frames": [[face]] + [[] for _ in range(frames - 1)],
        "image_size": (height, width),
        "connection_sets": {"all": frozenset({(0, 1)})},
    }

def plain(value):
    if isinstance(value, np.ndarray):
        return {"dtype": str(value.dtype), "values": value.tolist()}
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, torch.Tensor):
        return value.tolist()
    return {"points_px": value.points_px, "scheme": value.scheme, "size": value.size,
            "score": value.score}

def message_of(convert):
    try:
        return f"no error, but {convert()}"
    except ValueError as error:
        return str(error)

def cut_out():
    # Red on the left, and hidden blue on the right.
    image = torch.zeros(1, 16, 16, 4)
    image[:, :, :8] = torch.tensor([1.0, 0.0, 0.0, 1.0])
    image[:, :, 8:] = torch.tensor([0.0, 0.0, 1.0, 0.0])
    return image

pictures = lambda count, height, width: torch.zeros(count, 3, height, width)
core = core_landmarks(points, frames=2)
taken = sockets.to_frames(core, 2)
few = [[face.convert("ibug-68") for face in faces] for faces in taken]
# As a person places them: what no spline through the mean face gives back by itself.
placed = [[sockets.replace(few[0][0], points=few[0][0].points + 0.05 * torch.rand(68, 2))], []]
travelled = sockets.from_frames(placed, (width, height))
elsewhere = sockets.from_frames(placed, (width, height))
elsewhere["frames"][0][0]["landmarks_xy"] = elsewhere["frames"][0][0]["landmarks_xy"] + 10
print(json.dumps({
    "taken": taken,
    "given": sockets.from_frames(taken, (width, height)),
    "given from 68": sockets.from_frames(few, (width, height)),
    "placed": placed,
    "placed, taken": sockets.to_frames(travelled, 2),
    "placed, moved by another node": sockets.to_frames(elsewhere, 2),
    "placed, scaled": sockets.frames_of(travelled, pictures(2, 2 * height, 2 * width)),
    "boxes": sockets.boxes(taken),
    "for 3 images": sockets.to_frames(core_landmarks(points, frames=1), 3),
    "scaled": sockets.frames_of(core, pictures(2, 2 * height, 2 * width)),
    "too few images": message_of(lambda: sockets.to_frames(core, 3)),
    "another shape": message_of(lambda: sockets.frames_of(core, pictures(2, width, height))),
    "5 points": message_of(lambda: sockets.to_frames(core_landmarks(points[:5], frames=1), 1)),
    "images": {name: message_of(lambda: sockets.to_pictures(image)) for name, image in {
        "not a number": torch.zeros(2, 8, 8, 3).index_fill_(1, torch.tensor(7), torch.nan),
        "endless": torch.full((1, 8, 8, 3), torch.inf),
        "no image": torch.zeros(0, 8, 8, 3), "no pixels": torch.zeros(1, 0, 8, 3),
        "two channels": torch.zeros(1, 8, 8, 2), "five channels": torch.zeros(1, 8, 8, 5),
        "three dimensions": torch.zeros(8, 8, 3),
    }.items()},
    "masks": {name: message_of(lambda: sockets.to_masks(mask)) for name, mask in {
        "not a number": torch.full((1, 8, 8), torch.nan), "no mask": torch.zeros(0, 8, 8),
        "four dimensions": torch.zeros(1, 8, 8, 1), "one dimension": torch.zeros(8),
    }.items()},
    "grey": sockets.to_pictures(torch.full((2, 4, 6, 1), 0.5)).shape,
    "hidden colour": sockets.to_pictures(torch.zeros(1, 2, 2, 4)),
    "cut out": [part[0] for part in sockets.to_cut_outs(cut_out())],
    "opaque": sockets.to_cut_outs(torch.zeros(2, 4, 4, 3))[1],
}, default=plain))
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict:
    """What CONVERT made of FACE."""
    given = {"points": FACE.points_px.tolist(), "image_size": [HEIGHT, WIDTH]}
    return comfyui_host.run_inside(CONVERT, tmp_path_factory.mktemp("sockets"), given=given)


def test_what_comfyui_emits_is_accepted(said):
    (face,), empty = said["taken"]
    np.testing.assert_allclose(face["points_px"], FACE.points_px, atol=1e-3)
    assert (face["scheme"], face["size"], face["score"]) == (FACE.scheme, [WIDTH, HEIGHT], 0.75)
    assert empty == []


def test_what_we_emit_has_the_keys_and_shapes_of_comfyuis(said):
    (face,), empty = said["given"]["frames"]
    shapes = {
        name: np.shape(value["values"])
        for name, value in face.items()
        if isinstance(value, dict) and "dtype" in value
    }
    assert shapes == {
        "bbox_xyxy": (4,),
        "landmarks_xy": (478, 2),
        "landmarks_3d": (478, 3),
        "transformation_matrix": (4, 4),
    }
    assert all(face[name]["dtype"] == "float32" for name in shapes)
    assert (face["score"], face["blendshapes"]) == (0.75, {})
    assert isinstance(face["presence"], float)
    assert empty == []
    assert said["given"]["image_size"] == [HEIGHT, WIDTH]


def test_there_and_back_moves_no_point(said):
    face = said["given"]["frames"][0][0]
    np.testing.assert_allclose(face["landmarks_xy"]["values"], FACE.points_px, atol=1e-3)
    box = [*FACE.points_px.amin(0), *FACE.points_px.amax(0)]
    np.testing.assert_allclose(face["bbox_xyxy"]["values"], box, atol=1e-3)


def test_of_68_points_all_478_are_emitted_with_the_68_in_place(said):
    points = np.array(said["given from 68"]["frames"][0][0]["landmarks_xy"]["values"])
    assert points.shape == (478, 2)
    np.testing.assert_allclose(points[IBUG_OF_MEDIAPIPE], FACE.shape68_px, atol=0.1)


def test_68_points_that_were_placed_arrive_where_they_were_placed(said):
    (placed,), _ = said["placed"]
    (face,), empty = said["placed, taken"]
    assert (face["scheme"], empty) == ("ibug-68", [])
    np.testing.assert_allclose(face["points_px"], placed["points_px"], atol=1e-3)


def test_placed_points_follow_an_image_that_was_scaled(said):
    points = np.array(said["placed"][0][0]["points_px"])
    np.testing.assert_allclose(said["placed, scaled"][0][0]["points_px"], 2 * points, atol=2e-3)


def test_a_node_that_moves_the_478_points_is_believed(said):
    points = np.array(said["placed"][0][0]["points_px"]) + 10
    face = said["placed, moved by another node"][0][0]
    assert face["scheme"] == "mediapipe-478"
    found = np.array(face["points_px"])[IBUG_OF_MEDIAPIPE]
    np.testing.assert_allclose(found, points, atol=0.1)


def test_the_boxes_are_comfyuis(said):
    (box,), empty = said["boxes"]
    x0, y0, x1, y1 = FACE.box_px
    expected = {"x": x0, "y": y0, "width": x1 - x0, "height": y1 - y0, "score": 0.75}
    assert {name: box[name] for name in expected} == pytest.approx(expected, abs=1e-3)
    assert box["label"] == "face"
    assert empty == []


def test_every_line_that_comfyui_draws_joins_points_that_are_there(said):
    sets = said["given"]["connection_sets"]
    drawn = {"face_oval", "lips", "left_eye", "right_eye", "left_eyebrow", "right_eyebrow"}
    assert sets.keys() >= drawn | {"irises", "nose", "contours", "all", "tesselation"}
    assert all(0 <= end < 478 for lines in sets.values() for line in lines for end in line)


@pytest.mark.parametrize("name", ["face_oval", "lips", "left_eye", "right_eye", "irises"])
def test_what_comfyui_fills_is_made_of_closed_rings(said, name):
    ends = [end for line in said["given"]["connection_sets"][name] for end in line]
    assert all(ends.count(end) == 2 for end in ends)


def test_the_lines_are_mediapipes(said):
    vision = pytest.importorskip("mediapipe.tasks.python.vision")
    theirs = vision.FaceLandmarksConnections
    names = {
        "face_oval": ["FACE_OVAL"],
        "lips": ["LIPS"],
        "left_eye": ["LEFT_EYE"],
        "right_eye": ["RIGHT_EYE"],
        "left_eyebrow": ["LEFT_EYEBROW"],
        "right_eyebrow": ["RIGHT_EYEBROW"],
        "irises": ["LEFT_IRIS", "RIGHT_IRIS"],
        "nose": ["NOSE"],
        "contours": ["CONTOURS"],
        "tesselation": ["TESSELATION"],
    }
    for ours, parts in names.items():
        lines = [getattr(theirs, f"FACE_LANDMARKS_{part}") for part in parts]
        expected = {frozenset((line.start, line.end)) for part in lines for line in part}
        assert {frozenset(line) for line in said["given"]["connection_sets"][ours]} == expected


def test_one_frame_serves_any_number_of_images(said):
    assert [len(faces) for faces in said["for 3 images"]] == [1, 1, 1]


def test_landmarks_follow_an_image_that_was_scaled(said):
    face = said["scaled"][0][0]
    assert face["size"] == [2 * WIDTH, 2 * HEIGHT]
    torch.testing.assert_close(
        torch.tensor(face["points_px"]), 2 * FACE.points_px, atol=1e-3, rtol=0
    )


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (
            "too few images",
            "landmarks of 2 images don't fit a batch of 3; connect the landmarks of these images, "
            "or of a single one for all",
        ),
        (
            "another shape",
            "the landmarks are of an image of 640 x 480, this one has 480 x 640; connect the "
            "landmarks of this image",
        ),
        ("5 points", "a face has 5 landmarks; known are sets of 478, 468, 68 points"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(said, case, message):
    assert said[case] == message


def test_an_image_that_is_none_is_one_sentence(said):
    for message in (*said["images"].values(), *said["masks"].values()):
        assert "no error" not in message
        assert "\n" not in message
        assert "connect" in message or "look at the node" in message
    assert "image 1 of 2" in said["images"]["not a number"]


def test_a_grey_image_is_a_picture_too(said):
    assert said["grey"] == [2, 3, 4, 6]


def test_nothing_that_is_transparent_is_seen(said):
    assert np.all(np.array(said["hidden colour"]) == 1)
    picture, alpha = map(np.array, said["cut out"])
    assert np.array_equal(alpha[0, 0], [1.0] * 8 + [0.0] * 8)
    np.testing.assert_allclose(picture[0], 1, atol=1e-6)  # red beyond its edge too
    np.testing.assert_allclose(picture[1:], 0, atol=1e-6)
    assert said["opaque"] == [None, None]
