"""Drawn faces without number, each with its 68 landmarks: what trains a landmarker for drawings.

A face is put together from shapes that the landmarks outline: head, hair, ears, eyes, brows, nose,
mouth, glasses, beard. Proportions, pose, pen, colours and what is drawn at all are random, so that
what they have in common is the face.
"""

import math
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch import Tensor

from pen import Pen, curve, ellipse, smooth
from tps_portrait.tps_core.landmarks import IBUG_MIRROR, mean_face

SKINS = ["#ffdfc4", "#f0c8a0", "#e0ac69", "#c68642", "#8d5524", "#5a3825", "#3b2219", "#f2d3b1"]
HAIRS = ["#090806", "#2c222b", "#71635a", "#b7a69e", "#d6c4c2", "#cabfb1", "#a7856a", "#b55239",
         "#e6cea8", "#562306", "#85c2c6", "#dba3be", "#6a4e35"]  # fmt: skip


@dataclass(frozen=True)
class Drawing:
    """A drawn face."""

    picture: Tensor  # (3, s, s) in 0…1
    points: Tensor  # (68, 2) in −1…1, iBUG's


def draw_face(random: Random, size: int) -> Drawing:
    """A random face, `size` pixels wide and high."""
    face = _Face(random)
    turn = random.gauss(0, 0.2)
    scale = math.exp(random.uniform(-0.35, 0.25))
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    shift = np.array([random.gauss(0, 0.12), random.gauss(0, 0.12)])
    if random.random() < 0.5:  # the other way round
        linear = linear @ np.diag([-1.0, 1.0])
    pen = Pen(size, face.background, linear, shift, face.pen)
    face.draw(pen)
    points = pen.place(face.points)
    if np.linalg.det(linear) < 0:
        points = points[IBUG_MIRROR]
    return Drawing(pen.picture(), torch.from_numpy(points).float())


class _Face:
    """One face's shapes, where a face crop is −1…1; its person looks to the picture's right."""

    def __init__(self, random: Random):
        self.random = random
        mean = mean_face("ibug-68").numpy().astype(float)
        one = random.random
        self.yaw = random.choice([0.0, random.uniform(0, 0.35), random.uniform(0.3, 0.65)])
        self.pitch = random.gauss(0, 0.12)
        # The head: an oval that is more or less pointed at the chin.
        self.half = random.uniform(0.52, 0.72)
        self.chin = random.uniform(0.6, 0.95)
        self.top = random.uniform(-1.05, -0.75)
        self.power = random.uniform(1.7, 2.8)
        points = np.empty((68, 2))
        points[:17] = self._outline(np.linspace(-0.06, math.pi + 0.06, 17))
        spread, lift = random.uniform(0.85, 1.15), random.uniform(-0.08, 0.12)
        eye_size = random.choice(
            [random.uniform(0.7, 1.1), *(random.uniform(1.0, 2.2) for _ in range(2))]
        )
        eye_open = random.uniform(0.8, 1.3) if eye_size < 1.1 else random.uniform(1.0, 2.6)
        # Lids are straight, and cover so much of the eyes' height from above and from below.
        self.lids = one() < 0.4
        above = random.uniform(0.1, 0.6) if self.lids else 0.0
        below = random.choice([0, 0, random.uniform(0, 0.3)]) if self.lids else 0.0
        slant = random.gauss(0, 0.15) if self.lids else 0.0
        whole = np.empty((2, 6, 2))  # the eyes without lids; the landmarks are what is seen of them
        for i, (eye, out) in enumerate(((slice(36, 42), -1), (slice(42, 48), 1))):
            middle = mean[eye].mean(0)
            size = np.array([eye_size, eye_size * eye_open]) * random.uniform(0.85, 1.15)
            shape = (mean[eye] - middle) * size
            whole[i] = shape + middle * [spread, 1] + [0, lift]
            tilted, height = slant * out * shape[:, 0], np.ptp(shape[:, 1])
            seen = (shape[:, 1] - tilted).clip((above - 0.5) * height, (0.5 - below) * height)
            points[eye] = whole[i] + np.stack([0 * tilted, seen + tilted - shape[:, 1]], 1)
        brow_lift = -0.3 * max(0, eye_size * eye_open - 1.2) * 0.35 + random.uniform(-0.06, 0.05)
        tilt, arch = random.gauss(0, 0.25), random.uniform(-0.2, 1.5)
        for brow, out in ((slice(17, 22), -1), (slice(22, 27), 1)):
            middle = mean[brow].mean(0)
            shape = (mean[brow] - middle) * [random.uniform(0.7, 1.2), arch]
            shape[:, 1] += tilt * out * shape[:, 0]
            points[brow] = shape + middle * [spread, 1] + [0, lift + brow_lift]
        drop, width = random.uniform(-0.1, 0.1), random.uniform(0.4, 1.3)
        nose = mean[27:36].copy()
        nose[:, 0] *= width
        nose[:, 1] = np.interp(
            nose[:, 1], [nose[0, 1], nose[:, 1].max()], [nose[0, 1] + lift, nose[:, 1].max() + drop]
        )
        points[27:36] = nose
        points[48:68] = self._mouth(mean[48:68], drop + random.choice([0, random.gauss(0, 0.12)]))
        self.points = self._turned(points)
        self.whole_eyes = self._turned(whole.reshape(12, 2)).reshape(2, 6, 2)

        ink = one() < 0.45
        self.dark = random.choice(["#000000", "#000000", "#1a1a1a", _some(random, 70)])
        paper = random.choice(["#ffffff", "#ffffff", "#f4ecd8", _some(random, 255, 190)])
        self.background = paper if ink or one() < 0.3 else _some(random, 255, 120)
        self.skin = paper if ink else random.choice([*SKINS, _some(random, 255, 60)])
        self.hair = self.dark if ink and one() < 0.6 else paper if ink else random.choice(HAIRS)
        self.white = paper if ink and one() < 0.7 else "#ffffff"
        self.lips = paper if ink else random.choice([self.skin, "#c0504d", "#8b2c2c", "#e58b88"])
        self.line = None if (not ink and one() < 0.2) else self.dark
        self.pen = random.uniform(0.012, 0.05)

    def draw(self, pen: Pen) -> None:
        """The face, from the back to the front."""
        random, line = self.random, self.line or self.dark
        some = lambda share: random.random() < share  # noqa: E731 one word, used ten times
        long_hair, bald = some(0.4), some(0.12)
        if long_hair and not bald:
            pen.area(self._blob(1.35, random.uniform(0.4, 1.3)), self.hair, self.line)
        if some(0.7):  # neck and shoulders
            w, down = random.uniform(0.2, 0.4), 1.8
            neck = [[-w, 0.5], [-w, 0.95], [-w * 3, 1.3], [-w * 3, down],
                    [w * 3, down], [w * 3, 1.3], [w, 0.95], [w, 0.5]]  # fmt: skip
            pen.area(smooth(np.array(neck)), self.skin, self.line)
        on_top = some(0.3)  # the ears, as in many cartoons, before the head
        if not on_top:
            self._ears(pen, random.uniform(0.98, 1.06))
        head = self._turned(self._outline(np.linspace(0, 2 * math.pi, 60)), rim=True)
        pen.area(head, self.skin, self.line)
        if on_top:
            self._ears(pen, random.uniform(0.8, 1.06))
        if some(0.15) and self.skin != self.background:  # cheeks
            for corner in (self.points[2:5].mean(0), self.points[12:15].mean(0)):
                middle = 0.6 * corner + 0.4 * self.points[30]
                pen.area(ellipse(middle, 0.12, 0.08), self.lips)
        if some(0.15):
            self._beard(pen)
        self._nose(pen, line)
        self._mouth_shape(pen, line)
        self._eyes(pen, line)
        if not bald:
            self._hair(pen)
        if some(0.85):
            width = random.uniform(0.8, 3.5)
            for brow in (slice(17, 22), slice(22, 27)):
                pen.line(curve(self.points[brow]), random.choice([line, self.hair, line]), width)
        if some(0.25):
            self._glasses(pen, line)

    def _outline(self, angle: np.ndarray) -> np.ndarray:
        """The head's outline, from the right temple (0) by the chin (π/2) to the left (π)."""
        x, y = -np.cos(angle), np.sin(angle)
        p = np.where(y > 0, self.power, 2.0)
        radius = (np.abs(x) ** p + np.abs(y) ** p) ** (-1 / p)
        height = np.where(y > 0, self.chin + 0.1, -self.top - 0.1)
        return np.stack([self.half * radius * x, -0.1 + height * radius * y], 1)

    def _turned(self, points: np.ndarray, rim: bool = False) -> np.ndarray:
        """The points on the head's round front after the head turned and nodded."""
        x, y = points.T
        high = np.where(y > -0.1, self.chin + 0.1, -self.top - 0.1)
        depth = np.sqrt(np.clip(1 - (x / self.half) ** 2 - ((y + 0.1) / high) ** 2, 0, 1))
        depth = 0 * x if rim else self.half * depth
        if not rim and len(points) == 68:
            depth[27:31] += np.linspace(0.02, 0.14, 4)  # the nose
            depth[31:36] += 0.05
        x = x * math.cos(self.yaw) + depth * math.sin(self.yaw)
        return np.stack([x, y + depth * math.sin(self.pitch)], 1)

    def _mouth(self, mean: np.ndarray, drop: float) -> np.ndarray:
        random = self.random
        middle = mean.mean(0)
        wide, open_ = random.uniform(0.25, 1.2), random.choice([0.0, 0.0, random.uniform(0, 0.35)])
        lips, smile = random.uniform(0.2, 1.2), random.gauss(0.05, 0.12)
        mouth = (mean - middle) * [wide, lips]
        upper, lower = [1, 2, 3, 4, 5, 13, 14, 15], [7, 8, 9, 10, 11, 17, 18, 19]
        half = np.abs(mouth[:, 0]).max()
        bow = 1 - (mouth[:, 0] / half) ** 2
        mouth[upper, 1] -= open_ * 0.35 * bow[upper]
        mouth[lower, 1] += open_ * 0.65 * bow[lower]
        mouth[:, 1] += smile * (bow - 0.5)
        mouth[:, 1] += random.gauss(0, 0.06) * mouth[:, 0]
        return mouth + middle + [0, drop * 0.7]

    def _blob(self, wide: float, low: float) -> np.ndarray:
        """A mass of hair around the head, down to `low`."""
        random, count = self.random, self.random.randint(7, 26)
        angle = np.linspace(0, 2 * math.pi, count, endpoint=False)
        bumps = 1 + random.uniform(0, 0.18) * np.array([random.uniform(-1, 1) for _ in angle])
        x, y = self.half * wide * bumps * np.cos(angle), bumps * np.sin(angle)
        y = np.where(y > 0, y * low, -0.1 + y * (-self.top) * random.uniform(0.95, 1.3))
        return smooth(np.stack([x, y], 1)) if random.random() < 0.7 else np.stack([x, y], 1)

    def _hair(self, pen: Pen) -> None:
        """The hair in front: a cap whose lower edge is the hairline or a fringe."""
        random = self.random
        brow = float(self.points[17:27, 1].min())
        low = random.uniform(self.top * 0.75, brow + random.choice([-0.12, -0.05, 0.05]))
        side = random.uniform(low, 0.15)
        over = random.uniform(1.0, 1.15)
        outer = self._outline(np.linspace(math.pi, 2 * math.pi, 14))
        bumps = np.array([random.uniform(0, 0.14) for _ in outer])[:, None]
        outer = outer * over * (1 + bumps * random.choice([0, 1, 1]))
        outer[:, 0] *= math.cos(self.yaw)
        shift = math.sin(self.yaw) * random.uniform(0, 0.2)
        count = random.choice([3, 5, 8, 12])
        x = np.linspace(-0.95, 0.95, count) * self.half * math.cos(self.yaw) + shift
        edge = low + (side - low) * np.abs(np.linspace(-1, 1, count)) ** random.choice([2, 4, 8])
        edge += np.array([random.gauss(0, random.choice([0, 0.05])) for _ in x])
        shape = np.concatenate([outer, np.stack([x, edge], 1)])
        pen.area(smooth(shape) if random.random() < 0.6 else shape, self.hair, self.line)
        for _ in range(random.choice([0, 0, 1, 2])):  # buns and tails
            x = random.choice([-1, 0, 1]) * self.half * random.uniform(0.6, 1.2)
            middle = np.array([x, self.top * random.uniform(0.7, 1.15)])
            bun = ellipse(middle, random.uniform(0.12, 0.35), random.uniform(0.12, 0.4))
            pen.area(bun, self.hair, self.line)

    def _ears(self, pen: Pen, out: float) -> None:
        random = self.random
        size = random.uniform(0.7, 1.7)
        for side in (-1, 1):
            if random.random() < 0.2 or (side > 0 and self.yaw >= 0.25):
                continue
            middle = np.array([side * self.half * math.cos(self.yaw) * out, 0.02])
            ear = ellipse(middle, 0.11 * size, 0.14 * size)
            pen.area(ear, self.skin, self.line)
            if random.random() < 0.6:  # its shell
                some = [ear[random.randrange(30)] for _ in range(random.randint(2, 4))]
                pen.line(curve(middle + 0.6 * (np.stack(some) - middle)), self.line or self.dark)

    def _eyes(self, pen: Pen, line) -> None:
        random = self.random
        kind = random.choice(["dot", "almond", "almond", "round", "round", "round", "closed"])
        far = random.choice([0.4, 0.4, 1.0])
        gaze = np.array([random.uniform(-far, far), random.uniform(-far, far)])
        pupil = random.uniform(0.25, 0.75)
        iris = random.choice([line, line, "#3b2a1a", "#4a6b8a", "#5d7a4a"])
        for eye, whole in zip((slice(36, 42), slice(42, 48)), self.whole_eyes, strict=True):
            points = self.points[eye]
            middle, half = whole.mean(0), np.ptp(whole, axis=0) / 2
            one_kind = "closed" if random.random() < 0.06 else kind
            if one_kind == "closed":
                pen.line(curve(points[[0, 5, 4, 3]] if random.random() < 0.5 else points[:4]), line)
            elif one_kind == "dot":
                middle = points.mean(0)
                pen.area(ellipse(middle, half[0] * 0.45, half[0] * random.uniform(0.4, 0.8)), line)
            else:
                bare = kind == "almond" and random.random() < 0.2
                shape = ellipse(middle, *half) if kind == "round" else smooth(points)
                pen.area(self._under_lids(shape, points), self.white, None if bare else line)
                r = pupil * min(half) if kind == "round" else half[1] * (0.7 + 0.5 * pupil)
                at = middle + gaze * (half - 0.7 * r).clip(0)
                rings = [(at, r, iris)]
                if random.random() < 0.3:
                    shine = at + np.array([r, -r]) * 0.3
                    rings += [(at, r * 0.5, line), (shine, r * 0.2, self.white)]
                for centre, radius, color in rings:
                    ring = ellipse(centre, radius, radius)
                    if kind == "round":  # what would lie outside is drawn on the rim
                        far_out = np.linalg.norm((ring - middle) / half, axis=1, keepdims=True)
                        ring = middle + (ring - middle) / far_out.clip(1)
                    pen.area(self._under_lids(ring, points), color)
                if bare or random.random() < 0.3:  # lashes or a heavy lid
                    pen.line(curve(points[:4]), line, random.uniform(1, 2.5))

    def _under_lids(self, shape: np.ndarray, points: np.ndarray) -> np.ndarray:
        """What the lids of the eye with landmarks (6, 2) leave of the shape (n, 2)."""
        if not self.lids:
            return shape
        above, below = (
            np.polyval(np.polyfit(*points[lid].T, 1), shape[:, 0]) for lid in ([1, 2], [5, 4])
        )
        return np.stack([shape[:, 0], shape[:, 1].clip(above, np.maximum(above, below))], 1)

    def _nose(self, pen: Pen, line) -> None:
        random, nose = self.random, self.points[27:36]
        kind = random.choice(["hook", "hook", "line", "base", "dots", "v", "none"])
        if kind == "hook":
            start = random.uniform(0, 0.9)
            bridge = nose[0] * (1 - start) + nose[3] * start
            pen.line(curve(np.stack([bridge, nose[3], nose[6], nose[random.choice([4, 5])]])), line)
        elif kind == "line":
            pen.line(curve(nose[[0, 1, 2, 3]]), line)
            pen.line(curve(nose[4:]), line)
        elif kind == "base":
            pen.line(curve(nose[4:]), line)
        elif kind == "dots":
            for i in (5, 7):
                pen.area(ellipse(nose[i], 0.025, 0.02), line)
        elif kind == "v":
            pen.line(np.stack([nose[4], nose[6] + [0, 0.03], nose[8]]), line)

    def _mouth_shape(self, pen: Pen, line) -> None:
        random, mouth = self.random, self.points[48:68]
        outer, inner = mouth[:12], mouth[12:]
        opened = float(inner[[5, 6, 7], 1].mean() - inner[[1, 2, 3], 1].mean())
        middle_line = np.concatenate([outer[:1], inner[1:4] / 2 + inner[[7, 6, 5]] / 2, outer[6:7]])
        if random.random() < 0.6 or opened > 0.05:
            pen.area(smooth(outer), self.lips, self.line if random.random() < 0.6 else None)
        if opened > 0.05:
            inside = random.choice(["#ffffff", "#5b1f1f", self.dark, self.white])
            pen.area(smooth(inner), inside, line)
            if random.random() < 0.4:  # teeth
                pen.line(middle_line, line, 0.7)
                for x in np.linspace(inner[0, 0], inner[4, 0], random.randint(4, 8))[1:-1]:
                    at = np.interp(x, inner[:5, 0], inner[:5, 1]), 0
                    pen.line(np.array([[x, at[0]], [x, at[0] + opened]]), line, 0.5)
            elif random.random() < 0.5:  # tongue
                pen.area(ellipse(inner[6] - [0, opened * 0.2], 0.1, opened * 0.3), "#d9727a")
        else:
            pen.line(curve(middle_line), line, random.uniform(0.8, 1.6))
        if random.random() < 0.1:  # moustache
            low = mouth[[0, 2, 3, 4, 6]]
            high = self.points[[31, 33, 35]] * 0.4 + mouth[[2, 3, 4]] * 0.6
            pen.area(smooth(np.concatenate([low, high[::-1]])), self.hair, self.line)

    def _beard(self, pen: Pen) -> None:
        jaw = self.points[2:15] * self.random.uniform(1.0, 1.06)
        inner = self.points[[54, 53, 52, 51, 50, 49, 48]] + [0, self.random.uniform(-0.02, 0.1)]
        pen.area(np.concatenate([jaw, inner]), self.hair, self.line)

    def _glasses(self, pen: Pen, line) -> None:
        random = self.random
        sides, scale, frames = random.choice([4, 30, 30]), random.uniform(1.2, 1.7), []
        for eye in (slice(36, 42), slice(42, 48)):
            points = self.points[eye]
            half = max(np.ptp(points[:, 0]), 0.18) / 2 * scale
            frames.append((points.mean(0), half))
            shape = ellipse(points.mean(0), half, half * random.uniform(0.75, 1.0), sides)
            pen.area(shape, None, line)
        (right, right_half), (left, left_half) = frames
        along = np.array([1.0, 0.0])
        pen.line(np.stack([right + right_half * along, left - left_half * along]), line)
        pen.line(np.stack([right - right_half * along, self.points[0]]), line)


def _some(random: Random, high: int, low: int = 0) -> str:
    """A random colour."""
    return "#" + "".join(f"{random.randint(low, high):02x}" for _ in range(3))
