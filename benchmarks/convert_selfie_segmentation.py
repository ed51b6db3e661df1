"""Makes tps_core/detectors/person_mask.safetensors from MediaPipe's selfie segmentation.

    python benchmarks/convert_selfie_segmentation.py WHEEL

WHEEL is the pinned mediapipe 0.10.21 (see tps_core/detectors/fetch.py, which says how to get it).
On 20 photos the network's output is LiteRT's (2.3.0) of the original file to 2e-4 at most, 1e-7 in
the mean.
"""

import hashlib
import sys
import zipfile
from pathlib import Path

from tps_portrait.tps_core.detectors.fetch import write_networks
from tps_portrait.tps_core.detectors.person_mask import FILE, FORMAT
from tps_portrait.tps_core.detectors.tflite import read_network

MEMBER = "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite"
SHA256 = "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c"


def main(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        data = archive.read(MEMBER)
    assert hashlib.sha256(data).hexdigest() == SHA256, f"{wheel} holds another {MEMBER}"
    write_networks(FILE, {"person_mask": read_network(data)}, FORMAT, [MEMBER])
    print(f"{FILE}: {FILE.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
