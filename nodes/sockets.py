"""What travels between nodes, as sockets have it and as the rest of the pack has it.

IMAGE is (b, h, w, c) in 0…1 and MASK (b, h, w); inside, pictures are (b, 3, h, w). FACE_LANDMARKS
is ComfyUI's own: {"frames": [[face, …] for each image], "image_size": (h, w), "connection_sets"}.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch
from comfy_api.latest import io
from torch import Tensor

from ..tps_core.landmarks import SCHEMES, Landmarks
from ..tps_core.transparency import beyond_edges, on_white
from .topology import CONNECTION_SETS

FaceLandmarks = io.Custom("FACE_LANDMARKS")
BoundingBox = io.Custom("BOUNDING_BOX")
PoseKeypoint = io.Custom("POSE_KEYPOINT")  # as controlnet_aux's: see pose_keypoints.py
TpsAlignment = io.Custom("TPS_ALIGNMENT")  # a list of (frame, Alignment), one for each face
TpsStyle = io.Custom("TPS_STYLE")  # a Style
TpsFaceBank = io.Custom("TPS_FACE_BANK")  # a FaceBank
LossMap = io.Custom("LOSS_MAP")  # ComfyUI's own: {"loss": [float, …]}

# The key of a face under which points of another scheme than ComfyUI's travel as they were placed,
# beside the 478 that were made of them.
PLACED = "tps_portrait_placed"


def to_pictures(image: Tensor) -> Tensor:
    """An IMAGE (b, h, w, c) as pictures (b, 3, h, w) on the CPU, what is transparent on white.

    Raises ValueError for one that is empty, of other than 1, 3 or 4 channels, or no numbers.
    """
    pictures = _to_channels(image)
    if pictures.shape[1] < 4:
        return pictures
    return on_white(pictures[:, :3], pictures[:, 3:])


def to_cut_outs(image: Tensor) -> tuple[Tensor, list[Tensor | None]]:
    """An IMAGE as pictures to be painted and, of each, the alpha (1, h, w) to be given back to it.

    What is transparent has the colours beside, as `beyond_edges` says. None of an IMAGE without
    alpha. Raises ValueError as `to_pictures` does.
    """
    pictures = _to_channels(image)
    if pictures.shape[1] < 4:
        return pictures, [None] * len(pictures)
    alphas = [picture[3:].clamp(0, 1) for picture in pictures]
    filled = [beyond_edges(picture[:3], a) for picture, a in zip(pictures, alphas, strict=True)]
    return torch.stack(filled), alphas


def _to_channels(image: Tensor) -> Tensor:
    """An IMAGE (b, h, w, c) as (b, 3 or 4, h, w); grey becomes RGB."""
    if image.ndim != 4 or image.shape[-1] not in (1, 3, 4):
        raise ValueError(
            f"an image is (number of images, height, width, 1, 3 or 4 channels), and here is "
            f"{tuple(image.shape)}; connect an image"
        )
    if not image.numel():
        raise ValueError(
            f"there is no image in the batch, or it has no pixels: {tuple(image.shape)}; look at "
            "the node that made it"
        )
    pictures = image.movedim(-1, 1).float().cpu()  # BHWC -> BCHW
    for number, picture in enumerate(pictures, 1):
        # As it lies in memory, in a fifth of the time that isfinite takes.
        least, most = picture.movedim(0, -1).aminmax()
        if not (least.isfinite() and most.isfinite()):
            raise ValueError(
                f"image {number} of {len(pictures)} holds values that are no numbers (NaN or "
                "infinite); look at the node that made it, often a model in half precision"
            )
    return pictures.expand(-1, 3, -1, -1) if pictures.shape[1] == 1 else pictures


def from_pictures(pictures: Tensor) -> Tensor:
    """Pictures (b, c, h, w) as an IMAGE (b, h, w, c)."""
    return pictures.movedim(1, -1).clamp(0, 1).cpu().contiguous()  # BCHW -> BHWC


def gathered(results: Iterable[Sequence[Tensor]], count: int) -> list[Tensor]:
    """The pictures and masks (c, h, w) of each of `count` results, as tensors (count, h, w, c).

    In 0…1, on the CPU. All the room is taken with the first result, and each is put there as it
    comes: all of them are never there twice, and where the room is short, it shows at once.
    """
    rooms: list[Tensor] = []
    for index, parts in enumerate(results):
        if not rooms:
            rooms = [torch.zeros(count, *part.shape[1:], len(part)) for part in parts]
        for room, part in zip(rooms, parts, strict=True):
            room[index].copy_(part.movedim(0, -1)).clamp_(0, 1)  # CHW -> HWC
    return rooms


def to_masks(mask: Tensor) -> Tensor:
    """A MASK (b, h, w) or (h, w) as masks (b, 1, h, w) on the CPU.

    Raises ValueError for one that is empty, of another shape, or no numbers.
    """
    if mask.ndim not in (2, 3) or not mask.numel():
        raise ValueError(
            f"a mask is (number of masks, height, width), and here is {tuple(mask.shape)}; connect "
            "a mask"
        )
    if not mask.isfinite().all():
        raise ValueError(
            "the mask holds values that are no numbers (NaN or infinite); look at the node that "
            "made it"
        )
    return mask.reshape(-1, 1, *mask.shape[-2:]).float().cpu()


def from_masks(masks: Tensor) -> Tensor:
    """Masks (b, 1, h, w) as a MASK (b, h, w)."""
    return masks[:, 0].clamp(0, 1).cpu()


def to_frames(face_landmarks: dict, count: int) -> list[list[Landmarks]]:
    """FACE_LANDMARKS as landmarks, a list for each of `count` images.

    One frame serves any number of images. Raises ValueError when the numbers don't fit.
    """
    height, width = face_landmarks["image_size"]
    frames = [[_to_face(face, (width, height)) for face in f] for f in face_landmarks["frames"]]
    if len(frames) == 1:
        frames = frames * count
    if len(frames) != count:
        raise ValueError(
            f"landmarks of {len(frames)} images don't fit a batch of {count}; "
            f"connect the landmarks of these images, or of a single one for all"
        )
    return frames


def own_frames(face_landmarks: dict) -> tuple[list[list[Landmarks]], tuple[int, int]]:
    """FACE_LANDMARKS as landmarks, a list for each of its images, and these' (width, height)."""
    height, width = face_landmarks["image_size"]
    return to_frames(face_landmarks, len(face_landmarks["frames"])), (width, height)


def size_of(image: Tensor) -> tuple[int, int]:
    """The (width, height) of an IMAGE (b, h, w, c)."""
    return image.shape[2], image.shape[1]


def frames_of(face_landmarks: dict, pictures: Tensor) -> list[list[Landmarks]]:
    """FACE_LANDMARKS as the landmarks of these pictures (b, 3, h, w), a list for each.

    The pictures may have been scaled since; ValueError when their numbers or shapes don't fit.
    """
    height, width = pictures.shape[-2:]
    found_height, found_width = face_landmarks["image_size"]
    # Scaling to multiples of 8 or 16 pixels changes a picture's shape a little.
    if abs((found_width / found_height) / (width / height) - 1) > 0.02:
        raise ValueError(
            f"the landmarks are of an image of {found_width} x {found_height}, this one has "
            f"{width} x {height}; connect the landmarks of this image"
        )
    frames = to_frames(face_landmarks, len(pictures))
    return [[replace(face, size=(width, height)) for face in faces] for faces in frames]


def known_frames(face_landmarks: dict | None, pictures: Tensor) -> Sequence[list[Landmarks] | None]:
    """As `frames_of`; None for each picture (b, 3, h, w) where no landmarks are connected."""
    if face_landmarks is None:
        return [None] * len(pictures)
    return frames_of(face_landmarks, pictures)


def from_frames(frames: list[list[Landmarks]], size: tuple[int, int]) -> dict:
    """Landmarks, a list for each image of `size` (width, height), as FACE_LANDMARKS."""
    width, height = size
    return {
        "frames": [[_from_face(face) for face in faces] for faces in frames],
        "image_size": (height, width),
        "connection_sets": CONNECTION_SETS,
    }


def boxes(frames: list[list[Landmarks]]) -> list[list[dict]]:
    """The faces' boxes as ComfyUI's BOUNDING_BOX: a list of them for each image."""
    return [[_box(face) for face in faces] for faces in frames]


def _to_face(face: dict, size: tuple[int, int]) -> Landmarks:
    points_px = torch.from_numpy(np.array(face["landmarks_xy"], dtype=np.float32))[:, :2]
    placed = face.get(PLACED)
    # A node in between that moved the 478 points knows nothing of ours: then they are out of date.
    if placed and np.array_equal(placed["landmarks_xy"], face["landmarks_xy"]):
        points_px = torch.from_numpy(placed["points_xy"])
    scheme = next((name for name, count in SCHEMES.items() if count == len(points_px)), None)
    if scheme is None:
        raise ValueError(
            f"a face has {len(points_px)} landmarks; known are sets of "
            f"{', '.join(map(str, SCHEMES.values()))} points"
        )
    score, detector = float(face.get("score", 1.0)), face.get("detector", "face landmarks input")
    return Landmarks.from_pixels(points_px, size, scheme, score, detector)


def _from_face(face: Landmarks) -> dict:
    # ComfyUI's own nodes draw lines between any of the 478 points, so all are there. Depth,
    # expression and head pose are not known here; they are neutral.
    points_px = face.convert("mediapipe-478").points_px.numpy()
    made = {
        "bbox_xyxy": np.array(face.box_px, dtype=np.float32),
        "landmarks_xy": points_px,
        "landmarks_3d": np.pad(points_px, ((0, 0), (0, 1))),
        "score": face.score,
        "presence": face.score,
        "blendshapes": {},
        "transformation_matrix": np.eye(4, dtype=np.float32),
        "detector": face.detector,
    }
    if face.scheme != "mediapipe-478":
        made[PLACED] = {"points_xy": face.points_px.numpy(), "landmarks_xy": points_px.copy()}
    return made


def _box(face: Landmarks) -> dict:
    x0, y0, x1, y1 = face.box_px
    return {
        "x": x0,
        "y": y0,
        "width": x1 - x0,
        "height": y1 - y0,
        "label": "face",
        "score": face.score,
    }
