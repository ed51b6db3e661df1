"""A portrait painted like one picture of art: the aligned painter.

The art is bent by a thin-plate spline until its face lies on the portrait's; then each small patch
of the painting is looked for in the bent art, by light, by sitter or ground, by place and by what
is painted around it (search.py); and the patches are made one painting (fusion.py). Nothing is
trained for it.
Sources: patches that agree with each other, Kwatra et al., "Texture Optimization for Example-based
Synthesis", 2005; light as a guide, Hertzmann et al., "Image Analogies", 2001; gradients in place of
seams, Pérez et al., "Poisson Image Editing", 2003.
"""

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from ..align import Alignment, align
from ..blend import blend
from ..detect import detect_face
from ..face_not_found import FaceNotFound
from ..finish import check_ground, find_person
from ..geometry.resize import resized
from ..landmarks import Landmarks
from ..light import sharpened
from ..one_thread import one_thread
from ..stylize import Stylized, finished
from .artwork import Artwork, bend
from .canvas import Canvas
from .fusion import fuse
from .guides import guide
from .search import FACE_AT_FIRST, search

SMALL, LARGE = 256, 512  # side of the face crop while it is painted, in pixels
DETAILED = 384  # side of photo's and art's face crops from which on they are worth the larger
MOST_PIXELS = 1_500_000  # of a whole photo while it is painted

Progress = Callable[[float, Tensor], None]  # the share that is done, and the painting (3, h, w)


def _silent(share: float, seen: Tensor) -> None:
    """Tells nobody."""


def paint_like(
    photo: Tensor,
    art: Artwork,
    landmarks: Landmarks | Sequence[Landmarks] | None = None,
    whole_image: bool = True,
    strength: float = 1.0,
    color_match: float = 0.0,
    name: str = "the photo",
    keep_colors: float = 0.0,
    ground: str = "paint",
    on_progress: Progress = _silent,
) -> Stylized:
    """The photo (3, h, w), 0…1, painted like the art.

    All arguments but the art are those of `stylize`; `on_progress` sees the painting grow, and what
    it raises ends the work.
    Raises FaceNotFound (a ValueError), with the `name`, when there is no face; ValueError as
    `finish` does.
    """
    check_ground(ground)
    if landmarks is None:
        landmarks = detect_face(photo, name)
    faces = [landmarks] if isinstance(landmarks, Landmarks) else list(landmarks)
    if not faces:
        raise FaceNotFound(f"{name}: there is no face among its landmarks to paint by")
    largest = max(map(align, faces), key=lambda alignment: alignment.extent_px)
    if whole_image:
        picture = paint_whole(photo, largest, art, on_progress)
        covered = torch.ones_like(photo[:1])
    else:
        picture, covered = paint_faces(photo, faces, art, color_match, on_progress)
    person = None if ground == "paint" else find_person(photo, name)
    return finished(
        photo, picture, covered, strength, keep_colors, ground, person, largest.extent_px
    )


def paint_whole(
    photo: Tensor, alignment: Alignment, art: Artwork, on_progress: Progress = _silent
) -> Tensor:
    """The photo (3, h, w), 0…1, painted like the art by its face with that alignment: (3, h, w)."""
    side = _painted_side(alignment, art)
    height, width = photo.shape[-2:]
    scale = side / alignment.extent_px
    most = math.sqrt(MOST_PIXELS / (height * width))
    while scale > most and side > FACE_AT_FIRST:
        side, scale = side // 2, scale / 2
    canvas = Canvas(
        max(1, round(height * scale)),
        max(1, round(width * scale)),
        alignment.linear * scale,
        alignment.shift * scale,
    )
    small = resized(photo, (canvas.height, canvas.width))
    painted = _paint(small, canvas, alignment.points, art, side, on_progress)
    painted = resized(painted, (height, width), "bicubic").clamp_(0, 1)
    return sharpened(painted, 1 / scale) if art.is_line_art else painted


def paint_faces(
    photo: Tensor,
    faces: Sequence[Landmarks],
    art: Artwork,
    color_match: float = 0.0,
    on_progress: Progress = _silent,
) -> tuple[Tensor, Tensor]:
    """The photo (3, h, w) with its faces alone painted, and where: (3, h, w) and (1, h, w)."""
    picture, covered = photo, torch.zeros_like(photo[:1])
    for index, face in enumerate(faces):
        alignment = align(face)
        side = _painted_side(alignment, art)
        crop = alignment.crop(photo, side)

        def tell(share: float, seen: Tensor, done: int = index) -> None:
            on_progress((done + share) / len(faces), seen)

        painted = _paint(crop, Canvas.of_crop(side), alignment.points, art, side, tell)
        picture, mask = blend(picture, painted, alignment, color_match=color_match)
        covered = torch.maximum(covered, mask)
    return picture, covered


def paint_crop(crop: Tensor, points: Tensor, art: Artwork) -> Tensor:
    """The face crop (3, s, s), 0…1, with landmarks (68, 2) in −1…1, painted for a network to learn
    from: without the sitter's shading, which would teach it to keep the photo's detail. (Line art
    has so little that the face is known by it.)

    s is FACE_AT_FIRST times a power of two.
    """
    side = crop.shape[-1]
    return _paint(crop, Canvas.of_crop(side), points, art, side, _silent, is_shaded=art.is_line_art)


def _painted_side(alignment: Alignment, art: Artwork) -> int:
    """The side of the face crop at which both photo and art have something to show."""
    extent_px = min(alignment.extent_px, art.alignment.extent_px)
    return LARGE if extent_px >= DETAILED else SMALL


@torch.no_grad()
@one_thread()  # several add in another order, by which one of two patches that tie would win
def _paint(
    photo: Tensor,
    canvas: Canvas,
    points: Tensor,
    art: Artwork,
    side: int,
    on_progress: Progress,
    is_shaded: bool = True,
) -> Tensor:
    """The photo that fills the canvas, painted; `side` is that of its face crop."""
    coarsest = side // FACE_AT_FIRST
    padded = canvas.enlarged(coarsest)
    right, below = padded.width - canvas.width, padded.height - canvas.height
    photo = F.pad(photo[None], [0, right, 0, below], mode="replicate")[0]
    art_canvas, origin = padded.for_art(coarsest)
    bent = bend(art, points, art_canvas)
    guides = guide(photo, padded, points, bent, art_canvas, art.is_line_art)
    scales = int(math.log2(coarsest)) + 1
    for done, scale in enumerate(search(bent, guides, side, origin), 1):
        on_progress(4.0 ** (done - scales), scale.painting)  # each scale takes four times the last
    painting = fuse(scale.painting, scale.matches, bent, guides, side, art.is_line_art, is_shaded)
    return painting[:, : canvas.height, : canvas.width]
