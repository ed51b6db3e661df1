"""HDR and wide-gamut video as ordinary (BT.709) colours.

Displayed light is what is kept, as ITU-R BT.2408 calls it: the signal's light on its reference
display (BT.2100: PQ, or HLG with its system gamma at 1000 cd/m²) in units of the reference white,
203 cd/m², through the primaries' matrices, a tone curve for what is brighter than an ordinary
display can show, and the inverse of BT.1886.
"""

import numpy as np

from ..hdr import BT2020, HLG, HLG_GAMMA, P3, PQ, WHITE_NITS, hlg_light, pq_light, tone_curve

# As FFmpeg counts them (ITU-T H.273).
UNKNOWN, P3_DCI = 2, 11  # primaries
BT2020_MATRICES = (9, 10)

DISPLAY_GAMMA = 2.4  # BT.1886

# Chromaticities (x, y) of red, green and blue; all have the white of D65.
CHROMATICITIES = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "p3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
D65 = (0.3127, 0.3290)

ROWS_AT_A_TIME = 128  # that are worked on at a time
TABLE_STEPS = 4096  # of the tables that are looked up by the root of a light


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
        roots = np.linspace(0, 1, TABLE_STEPS)
        self._system_gamma = None
        self._is_hdr = transfer in (PQ, HLG)
        if transfer == HLG:
            gain = 1000 / WHITE_NITS * np.maximum(roots, 0.5 / TABLE_STEPS) ** (2 * (HLG_GAMMA - 1))
            self._system_gamma = gain.astype(np.float32)
        levels = 255 * roots ** (2 / DISPLAY_GAMMA)
        self._levels = (levels + 0.5).astype(np.uint8)

    def __call__(self, signal: np.ndarray) -> np.ndarray:
        """The picture (h, w, 3) of 16 bits, of the video's own R'G'B', as bytes of BT.709."""
        levels = np.empty(signal.shape, np.uint8)
        for y in range(0, len(signal), ROWS_AT_A_TIME):
            levels[y : y + ROWS_AT_A_TIME] = self._strip(signal[y : y + ROWS_AT_A_TIME])
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


def _to_xyz(corners) -> np.ndarray:
    """The matrix (3, 3) from linear RGB of these primaries to XYZ."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in corners]).T
    x, y = D65
    return columns * np.linalg.solve(columns, [x / y, 1, (1 - x - y) / y])


def _mixed(weights: np.ndarray, planes: np.ndarray) -> np.ndarray:
    return weights[0] * planes[0] + weights[1] * planes[1] + weights[2] * planes[2]


def _step(light: np.ndarray) -> np.ndarray:
    """Where light of 0…1 stands in a table by its root."""
    return (np.sqrt(np.minimum(light, 1)) * np.float32(TABLE_STEPS - 1) + np.float32(0.5)).astype(
        np.uint16
    )
