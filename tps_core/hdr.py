"""The light of HDR signals, and how an ordinary display shows it: for pictures and for videos.

Light is counted in units of HDR's reference white, 203 cd/m², as ITU-R BT.2408 has it.
"""

import numpy as np

# As ITU-T H.273 counts transfer characteristics and primaries.
PQ, HLG = 16, 18
BT2020, P3 = 9, 12

WHITE_NITS = 203.0  # cd/m² of a white sheet in HDR (BT.2408)
PEAK_LIGHT = 1000.0 / WHITE_NITS  # the brightest that is told apart
KNEE_LIGHT = 0.75  # light that is below this share of white stays what it is
HLG_GAMMA = 1.2  # BT.2100, of a display of 1000 cd/m²


def tone_curve(light: np.ndarray) -> np.ndarray:
    """Light in units of white (203 cd/m²) as an ordinary display shows it, 0…1.

    It stays as it is up to the knee; above, up to PEAK_LIGHT, it is compressed as in Reinhard et
    al., "Photographic Tone Reproduction for Digital Images", 2002, equation 4.
    """
    room = np.float32(1 - KNEE_LIGHT)
    over = np.clip(light - np.float32(KNEE_LIGHT), 0, np.float32(PEAK_LIGHT - KNEE_LIGHT)) / room
    most = np.float32((PEAK_LIGHT - KNEE_LIGHT) / (1 - KNEE_LIGHT))
    compressed = KNEE_LIGHT + room * over * (1 + over / most**2) / (1 + over)
    return np.where(light <= KNEE_LIGHT, light, compressed)


def pq_light(signal: np.ndarray) -> np.ndarray:
    """The light, in units of white, of a PQ signal 0…1 (BT.2100, table 4)."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = signal ** (1 / m2)
    return 10000 / WHITE_NITS * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


def hlg_light(signal: np.ndarray) -> np.ndarray:
    """The light of the scene, 0…1, of an HLG signal 0…1 (BT.2100, table 5)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    bright = (np.exp((np.maximum(signal, 0.5) - c) / a) + b) / 12
    return np.where(signal <= 0.5, signal**2 / 3, bright)
