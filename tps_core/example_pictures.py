"""What the templates and the demo open with: it comes with the pack."""

from .folders import PACK

FOLDER = PACK / "workflows" / "pictures"
PHOTO = FOLDER / "photo.jpg"
ART = FOLDER / "art.jpg"
GROUP = FOLDER / "group.jpg"
CLIP = FOLDER / "clip.mp4"
AVERAGE = FOLDER / "average_face.json"
MORE_ART = FOLDER / "art"
# By the name under which ComfyUI's input folder has it. Templates open with the PNGs, whose pixels
# every version of ComfyUI reads the same; workflows saved before them name the JPEGs.
EXAMPLES = (
    {f"tps_portrait_{path.name}": path for path in (PHOTO, ART, GROUP, CLIP, AVERAGE)}
    | {f"tps_portrait_{path.stem}.png": path for path in (PHOTO, ART, GROUP)}
    | {f"tps_portrait_art/{path.name}": path for path in (ART, *sorted(MORE_ART.glob("*.jpg")))}
)
