"""HDR and wide-gamut video as ordinary (BT.709) colours.

Displayed light is what is kept, as ITU-R BT.2408 calls it: the signal's light on its reference
display (BT.2100: PQ, or HLG with its system gamma at 1000 cd/m²) in units of the reference white,
203 cd/m², through the primaries' matrices, a tone curve for what is brighter than an ordinary
display can show, and the inverse of BT.1886.
"""

import numpy as np

# As FFmpeg counts them (ITU-T H.273).
PQ, HLG = 16, 18  # transfer characteristics
UNKNOWN, BT2020, P3_DCI, P3 = 2, 9, 11, 12  # primaries
BT2020_MATRICES = (9, 10)

WHITE = 203.0  # cd/m² of a white sheet in HDR (BT.2408)
PEAK = 1000.0 / WHITE  # the brightest that is told apart
KNEE = 0.75  # light that is below this share of white stays what it is
DISPLAY_GAMMA = 2.4  # BT.1886
HLG_GAMMA = 1.2  # BT.2100, of a display of 1000 cd/m²

# Chromaticities (x, y) of red, green and blue; all have the white of D65.
CHROMATICITIES = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
D65 = (0.3127, 0.3290)

ROWS = 128  # that are worked on at a time
STEPS = 4096  # of the tables that are looked up by the root of a light


class ToneMapping:
    """Makes pictures of one kind of HDR or wide-gamut video into BT.709's.

    transfer, primaries: as FFmpeg counts them.
    """

    def __init__(self, transfer: int, primaries: int):
        signal = np.arange(65536) / 65535
        light = {PQ: pq_light, HLG: hlg_light}.get(transfer, lambda x: x**DISPLAY_GAMMA)
        self.name = {PQ: "HDR (PQ)", HLG: "HDR (HLG)"}.get(transfer, "wide-gamut")
        self._light = light(signal).astype(np.float32)
        gamut = "p3" if primaries in (P3_DCI, P3) else "bt2020"
        to_xyz = _to_xyz(CHROMATICITIES[gamut])
        matrix = np.linalg.inv(_to_xyz(CHROMATICITIES["bt709"])) @ to_xyz
        self._matrix = matrix.astype(np.float32)
        self._luminance = to_xyz[1].astype(np.float32)
        # By the square root, which spreads steps evenly enough over dark and light.
        roots = np.linspace(0, 1, STEPS)
        self._system_gamma = None
        self._is_hdr = transfer in (PQ, HLG)
        if transfer == HLG:
            gain = 1000 / WHITE * np.maximum(roots, 0.5 / STEPS) ** (2 * (HLG_GAMMA - 1))
            self._system_gamma = gain.astype(np.float32)
        levels = 255 * roots ** (2 / DISPLAY_GAMMA)
        self._levels = (levels + 0.5).astype(np.uint8)

    def __call__(self, signal: np.ndarray) -> np.ndarray:
        """The picture (h, w, 3) of 16 bits, of the video's own R'G'B', as bytes of BT.709."""
        levels = np.empty(signal.shape, np.uint8)
        for y in range(0, len(signal), ROWS):
            levels[y : y + ROWS] = self._strip(signal[y : y + ROWS])
        return levels

    def _strip(self, signal: np.ndarray) -> np.ndarray:
        light = self._light[np.moveaxis(signal, -1, 0)]  # (3, h, w): planes are quicker
        if self._system_gamma is not None:
            light *= self._system_gamma[_step(_mixed(self._luminance, light))]
        red, green, blue = (_mixed(row, light).clip(0, None) for row in self._matrix)
        if self._is_hdr:
            brightest = np.maximum(np.maximum(red, green), blue)
            # One factor for all three, so that bright skin keeps its hue.
            factor = tone_curve(brightest) / np.maximum(brightest, np.float32(1e-6))
            red, green, blue = red * factor, green * factor, blue * factor
        return np.stack([self._levels[_step(plane)] for plane in (red, green, blue)], -1)


def is_wide(transfer: int, primaries: int, matrix: int) -> bool:
    """Whether colours like these need a tone mapping to be BT.709's."""
    unsaid = primaries == UNKNOWN and matrix in BT2020_MATRICES
    return transfer in (PQ, HLG) or primaries in (BT2020, P3_DCI, P3) or unsaid


def tone_curve(light: np.ndarray) -> np.ndarray:
    """Light in units of white (203 cd/m²) as an ordinary display shows it, 0…1.

    It stays as it is up to the knee; above, up to PEAK, it is compressed as in Reinhard et al.,
    "Photographic Tone Reproduction for Digital Images", 2002, equation 4.
    """
    room = np.float32(1 - KNEE)
    over = np.clip(light - np.float32(KNEE), 0, np.float32(PEAK - KNEE)) / room
    most = np.float32((PEAK - KNEE) / (1 - KNEE))
    compressed = KNEE + room * over * (1 + over / most**2) / (1 + over)
    return np.where(light <= KNEE, light, compressed)


def pq_light(signal: np.ndarray) -> np.ndarray:
    """The light, in units of white, of a PQ signal 0…1 (BT.2100, table 4)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = signal ** (1 / m2)
    return 10000 / WHITE * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


def hlg_light(signal: np.ndarray) -> np.ndarray:
    """The light of the scene, 0…1, of an HLG signal 0…1 (BT.2100, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    bright = (np.exp((np.maximum(signal, 0.5) - c) / a) + b) / 12
    return np.where(signal <= 0.5, signal**2 / 3, bright)


def _to_xyz(corners) -> np.ndarray:
    """The matrix (3, 3) from linear RGB of these primaries to XYZ."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in corners]).T
    x, y = D65
    return columns * np.linalg.solve(columns, [x / y, 1, (1 - x - y) / y])


def _mixed(weights: np.ndarray, planes: np.ndarray) -> np.ndarray:
    return weights[0] * planes[0] + weights[1] * planes[1] + weights[2] * planes[2]


def _step(light: np.ndarray) -> np.ndarray:
    """Where light of 0…1 stands in a table by its root."""
    return (np.sqrt(np.minimum(light, 1)) * np.float32(STEPS - 1) + np.float32(0.5)).astype(
        np.uint16
    )
