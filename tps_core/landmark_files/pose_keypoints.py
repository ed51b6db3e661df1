"""POSE_KEYPOINT: people as OpenPose and DWPose give them, of whom we take and give the faces.

A list with one {"people": [{"face_keypoints_2d": [x, y, c, …]}, …], "canvas_width": w,
"canvas_height": h} for each image. A face is 68 points, iBUG's, or 70, with the pupils behind
them. x and y are in pixels or in 0…1, c is 0 for a point that was not found.
"""

import torch
from torch import Tensor

from ..geometry.spline import fit
from ..json_reading import one_line, picture_sides
from ..landmarks import Landmarks, mean_face
from .json_file import checked
from .picture_size import Size, at_one_size

FACE = "face_keypoints_2d"
FEWEST_KNOWN = 34  # of the 68 points; the others are guessed from the mean face
# Coordinates none of which is larger are shares of the picture: a face in pixels is larger than
# that, and one in shares hangs out of its picture by less.
LARGEST_SHARE = 2.0
# The irises of the 478-point mesh, the middle of each first: the right one, then the left one.
IRISES = (slice(468, 473), slice(473, 478))
BODY_POINTS, HAND_POINTS = 18, 21  # how many points the other parts have, none of which we know


def read_pose(pose, size: Size | None = None) -> tuple[list[list[Landmarks]], Size]:
    """The faces of each frame, and their picture's (width, height).

    `size` serves where the pose doesn't tell its canvas. A face of 70 points comes back as the
    478-point mesh with its irises at the pupils, one of 68 as such. People without a face, or
    with fewer than half of its points, are left out.
    Raises ValueError for what is no POSE_KEYPOINT, and when the size isn't known.
    """
    frames = [pose] if isinstance(pose, dict) else pose
    if not isinstance(frames, list | tuple) or not frames:
        raise ValueError("the pose keypoints are empty; connect a pose estimator's POSE_KEYPOINT")
    known = [_faces(frame) for frame in frames]
    in_shares = all(
        bool((points[..., :2].abs() <= LARGEST_SHARE).all()) for faces in known for points in faces
    )
    sizes = [_canvas(frame, size) for frame in frames]
    landmarks = [
        [_to_landmarks(points, own_size, in_shares) for points in faces]
        for faces, own_size in zip(known, sizes, strict=True)
    ]
    return at_one_size(landmarks, sizes)


def write_pose(
    frames: list[list[Landmarks]], size: Size, points: int = 70, in_shares: bool = False
) -> list[dict]:
    """The faces of each frame as POSE_KEYPOINT, of 68 or 70 points, in pixels or in 0…1."""
    width, height = size
    return [
        {
            "people": [_person(face, points, in_shares) for face in faces],
            "canvas_width": width,
            "canvas_height": height,
        }
        for faces in frames
    ]


def with_pupils(face: Landmarks, pupils_px: Tensor) -> Landmarks:
    """The face as 478-point mesh whose irises are moved to the pupils (2, 2): right, left."""
    mesh = face.convert("mediapipe-478")
    points_px = mesh.points_px
    for iris, pupil in zip(IRISES, pupils_px, strict=True):
        points_px[iris] += pupil - points_px[iris][0]
    return mesh.with_pixels(points_px)


def _faces(frame) -> list[Tensor]:
    """The frame's faces (68 or 70, 3) as they are written, those with enough points."""
    if not isinstance(frame, dict) or not isinstance(frame.get("people", []), list):
        raise ValueError(
            "not pose keypoints: each frame is a {people, canvas_width, canvas_height}"
        )
    faces = []
    for person in frame.get("people", []):  # of animals there are none
        numbers = person.get(FACE) if isinstance(person, dict) else None
        if numbers is None:
            continue
        try:
            points = torch.as_tensor(numbers, dtype=torch.float32).flatten().clone()
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            # The last two: numbers beyond single precision, lists that are no table.
            raise ValueError(f"a face's points are no numbers ({one_line(error)})") from None
        if not len(points):
            continue
        if len(points) not in (3 * 68, 3 * 70):
            raise ValueError(
                f"a face has {len(points)} numbers; known are 68 or 70 points of x, y and score"
            )
        points = points.reshape(-1, 3)
        points[(points[:, 2] <= 0) | ~points.isfinite().all(-1)] = 0
        if (points[:68, 2] > 0).sum() >= FEWEST_KNOWN:
            faces.append(points)
    return faces


def _canvas(frame: dict, size: Size | None) -> Size:
    width, height = frame.get("canvas_width"), frame.get("canvas_height")
    if width and height:
        return picture_sides((width, height), "the pose keypoints' canvas")
    if size is None:
        raise ValueError(
            "the pose keypoints don't say how large their picture is; connect it to image"
        )
    return size


def _to_landmarks(points: Tensor, size: Size, in_shares: bool) -> Landmarks:
    found, points_px = points[:, 2] > 0, points[:, :2]
    if in_shares:
        points_px = points_px * torch.tensor(size)
    mean = mean_face("ibug-68")[None]
    if not found[:68].all():
        guess = fit(mean[:, found[:68]], points_px[None, :68][:, found[:68]], stiffness=1e-3)(mean)
        points_px = torch.cat(
            [torch.where(found[:68, None], points_px[:68], guess[0]), points_px[68:]]
        )
    score = points[found, 2].mean().clamp(max=1)
    face = Landmarks.from_pixels(points_px[:68], size, "ibug-68", score, "pose keypoints")
    if len(points) == 70 and found[68:].all():
        face = with_pupils(face, points_px[68:])
    return checked(face)


def _person(face: Landmarks, points: int, in_shares: bool) -> dict:
    points_px = face.shape68_px
    if points == 70:
        mesh = face.convert("mediapipe-478").points_px
        points_px = torch.cat([points_px, mesh[[iris.start for iris in IRISES]]])
    values = points_px / torch.tensor(face.size) if in_shares else points_px
    # The score is 1: others drop every point below it, however sure the detector is of the face.
    flat = torch.nn.functional.pad(values, (0, 1), value=1.0).flatten().tolist()
    return {
        "pose_keypoints_2d": [0.0] * (3 * BODY_POINTS),
        FACE: flat,
        "hand_left_keypoints_2d": [0.0] * (3 * HAND_POINTS),
        "hand_right_keypoints_2d": [0.0] * (3 * HAND_POINTS),
    }
