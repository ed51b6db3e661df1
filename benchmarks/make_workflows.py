"""Makes workflows/*.json, ComfyUI's templates, and subgraphs/*.json, its blueprints.

A link must not run behind a node (tests/test_templates.py looks): so what a link passes stands
lower than it, and photos and what compares them with their paintings in the top row.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))  # for the real ComfyUI

import blueprints
import comfyui
import painting_templates as painting
import training_templates as training
from workflow_file import Workflow

PACK = Path(__file__).parents[1]
TEMPLATES = {
    "Paint a portrait": painting.paint_a_portrait,
    "Paint like a picture": painting.paint_like_a_picture,
    "One block at a time": painting.one_block_at_a_time,
    "Group photo with a style per face": painting.group_photo,
    "Video in and out": painting.video_in_and_out,
    "Place landmarks by hand": painting.landmarks_by_hand,
    "Warp one face onto another": painting.warp_one_face_onto_another,
    "Caricature": painting.caricature,
    "Train a style from a folder": training.train_a_style,
    "Compare styles": training.compare_styles,
    "Evaluate a style": training.evaluate_a_style,
    "Export a style": training.export_a_style,
    "Live camera": painting.live_camera,
}


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory() as folder, comfyui.start(Path(folder)) as host:
        schemas = host.object_info()
    for number, (name, build) in enumerate(TEMPLATES.items(), 1):
        workflow = Workflow(f"{number:02} {name}", schemas)
        build(workflow)
        workflow.save(PACK / "workflows")
    for build in (blueprints.stylize_a_portrait, blueprints.paint_like, blueprints.stylize_a_video):
        build(schemas).save(PACK / "subgraphs")


if __name__ == "__main__":
    main()
