"""Makes workflows/*.json, ComfyUI's templates, and subgraphs/*.json, its blueprints.

A link must not run behind a node (tests/test_templates.py looks): so what a link passes stands
lower than it, and photos and what compares them with their paintings in the top row.
"""

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))  # for the real ComfyUI

import comfyui
from workflow_file import Blueprint, Out, Workflow

PACK = Path(__file__).parents[1]
STYLES = ("van gogh oil", "gibson pen", "comic")
PHOTO, ART, GROUP = (f"tps_portrait_{name}.jpg" for name in ("photo", "art", "group"))
# Where columns begin, and the top row.
A, B, C, D, E, F = range(420, 2940, 420)
TOP, LOWER = 60, 560
LOOK = """- **strength**: less lets the photo show through, more than 1 exaggerates.
- **keep_colors**: 1 keeps the photo's colours; only light and dark are painted.
- **ground**: *keep* or *blur* leaves what is behind the person, *transparent* cuts it out.
- **whole_image** off paints the face alone."""


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    with tempfile.TemporaryDirectory() as folder, comfyui.start(Path(folder)) as host:
        schemas = host.object_info()
    for number, (name, build) in enumerate(TEMPLATES.items(), 1):
        workflow = Workflow(f"{number:02} {name}", schemas)
        build(workflow)
        workflow.save(PACK / "workflows")
    for build in (stylize_a_portrait, paint_like, stylize_a_video):
        build(schemas).save(PACK / "subgraphs")


def paint_a_portrait(w: Workflow) -> None:
    w.note(f"""
        Paints your portrait in a style. What is green is yours to choose:

        1. **Your photo**: choose one, or drop it there.
        2. **The style**: choose one.
        3. Press **Run**.

        To change the look, in **Stylize Portrait**:

        {LOOK}

        *A style of your own?* See *Train a style from a folder*, or *Paint like a picture*, which
        needs nothing but one picture.

        In newer versions **Compare Images** in place of *Before and after* has a slider.
        """)
    photo, _ = load(w)
    style = load_style(w, (A, LOWER))
    painting, _ = w.node("TPSPortraitStylize", (B, 200), image=photo, style=style)
    both = beside(w, photo, painting, (C, TOP))
    saved = save(w, painting, (C, 360), 320, 400)
    shown = preview(w, both, (D, TOP), 700, 640, "Before and after")
    w.group("Choose", "choose", photo, style)
    w.group("Paint", "work", painting)
    w.group("Look", "look", both, saved, shown)
    w.as_app([(photo, "image"), (style, "style_name"), *of(painting, *KNOBS)], [saved])


def paint_like_a_picture(w: Workflow) -> None:
    w.note("""
        Paints your photo like **one picture of art**: with its colours, its strokes, its light.
        Nothing is trained.

        1. **Your photo**: choose one.
        2. **The art**: choose a painted or drawn portrait, best of a similar pose, its face large.
        3. Press **Run**. It takes some seconds.

        To change the look:

        - **strength**: less lets the photo show through, more exaggerates.
        - **art_colors**: 0 keeps the photo's colours.
        - **ground**: *keep* or *blur* leaves what is behind the person.

        *No face found in the art?* Connect **Edit Face Landmarks** to *art_landmarks* and place it
        by hand.

        *A video?* A style is steadier: see *Train a style from a folder*.
        """)
    photo, _ = load(w)
    art, _ = load(w, (A, LOWER), ART, "The art")
    painting, _ = w.node("TPSPortraitPaintLike", (B, TOP), image=photo, art=art)
    saved = save(w, painting, (C, TOP), 600, 760)
    w.group("Choose", "choose", photo, art)
    w.group("Paint", "work", painting)
    w.group("Look", "look", saved)
    knobs = of(painting, "strength", "art_colors", "ground")
    w.as_app([(photo, "image"), (art, "image"), *knobs], [saved])


def one_block_at_a_time(w: Workflow) -> None:
    w.note("""
        What **Stylize Portrait** does in one node, block by block. Put a node of your own between
        two of them, and it becomes part of the painting.

        1. **Detect Face Landmarks** finds the points of the face.
        2. **Align Face** cuts the face out, upright and at one size, as styles know it.
        3. **Apply Portrait Style** paints what was cut out.
        4. **Blend Face** puts it back where it was, without a seam.

        To change the look:

        - **Align Face / size**: smaller gives broader strokes, larger finer ones.
        - **Apply Portrait Style / strength**: less lets the photo show through.
        - **Blend Face / color_match**: more, if face and neck don't agree.

        *No face found?* Lower **min_confidence**.
        """)
    photo, _ = load(w)
    points, _ = w.node("TPSPortraitDetectLandmarks", (B, 340), image=photo)
    face, way, _ = w.node("TPSPortraitAlignFace", (C, 200), image=photo, face_landmarks=points)
    style = load_style(w, (C, 440))
    painted, *_ = w.node("TPSPortraitApplyStyle", (D, 400), image=face, style=style)
    cut = preview(w, face, (D, 620), 320, 340, "The aligned face")
    blended, _ = w.node("TPSPortraitBlendFace", (E, TOP), image=photo, faces=painted, alignment=way)
    shown = preview(w, painted, (E, 620), 320, 340, "The painted face")
    saved = save(w, blended, (F, TOP), 560, 640)
    w.group("Your photo", "choose", photo)
    w.group("Find the face", "work", points)
    w.group("Align it", "work", face, style)
    w.group("Paint it", "work", painted, cut)
    w.group("Put it back", "work", blended, shown)
    w.group("Look", "look", saved)


def group_photo(w: Workflow) -> None:
    w.note("""
        Paints each face of a group in a style of its own.

        1. **The group**: choose a photo.
        2. Choose a style for each face, from left to right.
        3. Press **Run**.

        The faces are found once, so each **Stylize Portrait** knows all of them, and paints the one
        whose number stands in **face**. *More faces?* Copy the last one, connect it behind, raise
        its **face**, and **max_faces** in **Detect Face Landmarks**.

        *All in one style?* One Stylize Portrait with **faces** *all* does it.
        """)
    photo, _ = load(w, image=GROUP, title="The group")
    points, _ = w.node("TPSPortraitDetectLandmarks", (B, 340), max_faces=3, image=photo)
    painted, styles, steps = photo, [], []
    for number, (x, name) in enumerate(zip((C, D, E), STYLES, strict=True), 1):
        label = f"face {number} from the left"
        styles.append(load_style(w, (x - 420, LOWER + 60), name, label))
        # Over the nodes before this one, if there are any.
        way = ((B + 350, 120), (x - 50, 120)) if number > 1 else ()
        painted, _ = w.node(
            "TPSPortraitStylize",
            (x, 200),
            title=f"Paint {label}",
            image=painted,
            style=styles[-1],
            face_landmarks=replace(points, via=way),
            whole_image=False,
            faces="left to right",
            face=number,
        )
        steps.append(painted)
    saved = save(w, painted, (F, TOP), 760, 560)
    w.group("The group", "choose", photo)
    w.group("Find the faces, paint one after the other", "work", points, *styles, *steps)
    w.group("Look", "look", saved)
    w.as_app([(photo, "image"), *((style, "style_name") for style in styles)], [saved])


def video_in_and_out(w: Workflow) -> None:
    w.note("""
        Paints a video. The face is found once, then followed and held steady, so the painting
        doesn't jitter. Sound and speed stay as they are.

        1. **Your video**: choose one. Begin with some seconds of it: all frames are in memory.
        2. **The style**: choose one.
        3. Press **Run**.

        **video** in Stylize Portrait is on: leave it so for frames that follow each other.

        *A long video, or HDR, several sound tracks, subtitles?* The command keeps them, and needs
        little memory: *tps-portrait stylize clip.mp4 --style "van gogh oil" -o painted.mp4*
        """)
    (video,) = w.node(
        "LoadVideo",
        (A, LOWER),
        height=440,
        title="Your video",
        choose=True,
        labels={"file": "your video"},
        file="tps_portrait_clip.mp4",
    )
    style = load_style(w, (A, 200))
    frames, sound, rate = w.node("GetVideoComponents", (B, LOWER), 240, video=video)
    painted, _ = w.node("TPSPortraitStylize", (C, TOP), image=frames, style=style, video=True)
    (made,) = w.node("CreateVideo", (D, LOWER), 240, images=painted, audio=sound, fps=rate)
    (saved,) = w.node(
        "SaveVideo",
        (E, TOP),
        480,
        620,
        video=made,
        filename_prefix="video/portrait",
        title="The painted video",
    )
    w.group("Choose", "choose", video, style)
    w.group("Paint", "work", frames, painted, made)
    w.group("Look", "look", saved)
    knobs = of(painted, "strength", "ground")
    w.as_app([(video, "file"), (style, "style_name"), *knobs], [saved])


def landmarks_by_hand(w: Workflow) -> None:
    w.scale = 0.75
    w.note(
        """
        Places the points of a face by hand, where no detector sees one: drawings, prints, masks,
        animals.

        1. **Your picture**: choose it. Press **Run**: it appears in the editor, with the points of
        the faces that were found.
        2. No points, or wrong ones? Press the button with the five dots and click the places that
        it asks for.
        3. Drag what is still off. **Shift** drags a part, **Ctrl** the whole face, the wheel zooms.
        4. Press **Run** again. The points are saved with the workflow, the picture is not.

        All keys: **?** in the editor. A small face: **F** fills the window.
        """,
        (0, LOWER),
        (320, 420),
    )
    photo, _ = load(w, (0, TOP), title="Your picture")
    (points,) = w.node("TPSPortraitEditLandmarks", (A, 220), 600, 760, image=photo)
    style = load_style(w, (1120, 480))
    painting, _ = w.node(
        "TPSPortraitStylize", (1540, TOP), image=photo, style=style, face_landmarks=points
    )
    saved = save(w, painting, (1960, TOP), 480, 640)
    w.group("Your picture", "choose", photo)
    w.group("Place the points", "work", points)
    w.group("Paint the face", "work", style, painting)
    w.group("Look", "look", saved)


def warp_one_face_onto_another(w: Workflow) -> None:
    w.note("""
        Bends one face into the shape of another. The person stays; eyes, nose, mouth and chin move.

        1. **The face to bend**: choose your picture.
        2. **The face to resemble**: choose any other face, painted or drawn ones too.
        3. Press **Run**.

        In **Warp Face**:

        - **strength**: 0.5 goes half the way, 2 makes a caricature, below 0 moves away from the
        other face.
        - **placement** *exact* also takes over where the face is, its size and its tilt.
        """)
    photo, _ = load(w, title="The face to bend")
    other, _ = load(w, (A, LOWER), ART, "The face to resemble")
    here, _ = w.node("TPSPortraitDetectLandmarks", (B, 340), image=photo)
    there, _ = w.node("TPSPortraitDetectLandmarks", (B, LOWER + 40), image=other)
    warped, _ = w.node("TPSPortraitWarp", (C, 200), image=photo, source=here, target=there)
    both = beside(w, photo, warped, (D, TOP))
    saved = save(w, warped, (D, 360), 320, 400, title="The bent face", prefix="warped")
    shown = preview(w, both, (E, TOP), 700, 640, "Before and after")
    w.group("Choose", "choose", photo, other)
    w.group("Find the faces", "work", here, there)
    w.group("Bend", "work", warped)
    w.group("Look", "look", both, saved, shown)
    w.as_app([(photo, "image"), (other, "image"), *of(warped, "strength", "placement")], [saved])


def caricature(w: Workflow) -> None:
    w.note("""
        Draws a caricature: what makes this face differ from the average one is made larger, then
        it is drawn.

        1. **Your photo**: choose one.
        2. Press **Run**.

        - **Warp Face / strength**: 0.7 is a friendly one, 2 a wicked one.
        - **Stylize Portrait / strength** above 1 exaggerates the drawing too.

        **The average face** is the mean of many. Load the landmarks of another face there, and it
        is the difference from that one which grows.
        """)
    photo, _ = load(w)
    here, _ = w.node("TPSPortraitDetectLandmarks", (B, 340), image=photo)
    (average,) = w.node(
        "TPSPortraitLoadLandmarks",
        (B, LOWER + 40),
        title="The average face",
        file="tps_portrait_average_face.json",
    )
    (farther,) = w.node(
        "TPSPortraitMorphLandmarks",
        (C, 460),
        title="Away from the average",
        face_landmarks=here,
        other=average,
        amount=-1.0,
    )
    warped, _ = w.node(
        "TPSPortraitWarp",
        (D, 200),
        labels={"strength": "exaggeration"},
        image=photo,
        source=here,
        target=farther,
        strength=1.5,
    )
    style = load_style(w, (D, LOWER), "vallotton ink")
    painting, _ = w.node("TPSPortraitStylize", (E, 200), image=warped, style=style)
    both = beside(w, photo, painting, (F, TOP))
    saved = save(w, painting, (F, 360), 320, 400)
    shown = preview(w, both, (F + 420, TOP), 700, 640, "Before and after")
    w.group("Choose", "choose", photo)
    w.group("Find the face", "work", here, average)
    w.group("Exaggerate", "work", farther, warped, style)
    w.group("Draw", "work", painting)
    w.group("Look", "look", both, saved, shown)
    w.as_app(
        [(photo, "image"), *of(warped, "strength"), (style, "style_name"), *of(painting, *KNOBS)],
        [saved],
    )


def train_a_style(w: Workflow) -> None:
    w.note(
        """
        Learns a style from a folder of pictures.

        1. Put a folder of portraits **in the style** into ComfyUI's *input* folder. One that is
        frontal and sharp is enough; 34 or more are better.
        2. Write its name into **folder**. A full path is fine too.
        3. Give the training and the style a **name**.
        4. Press **Run**. As it is, it learns from four Van Goghs.

        **Look at the contact sheet:** faces only, with the points in place? For ink and cartoons,
        lower **min_confidence** to 0.3.

        **preset**: *quick* is a first look, *good* is good, *best* is for a graphics card or a
        night. How long it takes is shown after the first steps.

        **Cancel** whenever you like the preview: the style so far is saved as *name at step N*, and
        **Run** goes on from there.

        What faces look like before they are painted it learns from photos that come with the pack.
        Photos of your own, 20 or more: connect a second **Build Face Bank** to *photos*.
        """,
        size=(340, 820),
    )
    art, sheet, report = w.node(
        "TPSPortraitBuildFaceBank",
        (A, TOP),
        title="Art in the style",
        choose=True,
        labels={"folder": "folder of art"},
        folder="tps_portrait_art",
    )
    faces = preview(w, sheet, (B, 180), 320, 240, "Faces in the art")
    told = tell(w, report, (B, 500), 160)
    style, _, samples = w.node(
        "TPSPortraitTrainStyle",
        (C, TOP),
        340,
        labels={"name": "name of the training"},
        art=art,
        preset="quick",
    )
    labels = {"name": "name of the style"}
    (saved,) = w.node("TPSPortraitSaveStyle", (D + 20, TOP), labels=labels, style=style)
    shown = preview(w, samples, (D + 20, 340), 320, 700, "Photos, then painted ever better")
    w.group("Choose", "choose", art)
    w.group("Look whether the faces are right", "look", faces, told)
    w.group("Train", "work", style)
    w.group("Keep", "look", saved, shown)
    w.as_app([(art, "folder"), *of(style, "name", "preset"), (saved, "name")], [shown])


def compare_styles(w: Workflow) -> None:
    w.note("""
        Paints one photo in several styles, to choose among them.

        1. **Your photo**: choose one.
        2. Choose the styles.
        3. Press **Run**.

        *More styles?* Copy a **Load Portrait Style** with its **Stylize Portrait**. *Several
        strengths of one style?* Choose the same style three times and set **strength**.
        """)
    photo, _ = load(w)
    styles, painted = [], []
    for number, name in enumerate(STYLES):
        styles.append(load_style(w, (A, LOWER + 380 * number), name, f"style {number + 1}"))
        y = 200 + 480 * number
        painted.append(w.node("TPSPortraitStylize", (B, y), image=photo, style=styles[-1])[0])
    upper = beside(w, photo, painted[0], (C, TOP))
    lower = beside(w, painted[1], painted[2], (C, 680))
    both = beside(w, upper, lower, (D, 360), "down")
    saved = save(w, both, (E, TOP), 760, 820, "Photo and paintings", "styles")
    w.group("Choose", "choose", photo, *styles)
    w.group("Paint", "work", *painted)
    w.group("Look", "look", upper, lower, both, saved)
    w.as_app([(photo, "image"), *((style, "style_name") for style in styles)], [saved])


def evaluate_a_style(w: Workflow) -> None:
    w.note("""
        Measures a style: does it keep the faces, and how near does it come to the art?

        1. **The photos**: faces that the style was not trained with.
        2. **The art**: a folder in ComfyUI's *input* folder, in the style that is aimed at.
        3. **The style**: choose one. Press **Run**.

        The sheet has each photo beside its painting, the worst first; the report says what the
        figures mean.

        The three faces here only show how it goes. Figures to rely on need 30 photos and as much
        art: put all photos into one batch, or use *tps-portrait evaluate*, which takes folders.

        It needs SqueezeNet's weights, which *install.py* fetches.
        """)
    photo, _ = load(w, image=GROUP, title="The photos")
    points, _ = w.node("TPSPortraitDetectLandmarks", (B, 340), max_faces=3, image=photo)
    faces, *_ = w.node(
        "TPSPortraitAlignFace", (C, TOP), size=512, image=photo, face_landmarks=points
    )
    style = load_style(w, (C, 340))
    painted, *_ = w.node("TPSPortraitApplyStyle", (D, 260), image=faces, style=style)
    art, *_ = w.node(
        "TPSPortraitBuildFaceBank",
        (D, LOWER),
        title="The art",
        choose=True,
        folder="tps_portrait_art",
    )
    outs = w.node("TPSPortraitEvaluateStyle", (E, TOP), photos=faces, results=painted, art=art)
    told = tell(w, outs[0], (F, TOP), 420, 480)
    sheet = preview(w, outs[7], (F, 560), 480, 420, "Photos beside their paintings")
    w.group("Choose", "choose", photo)
    w.group("Cut the faces out", "work", points, faces, style)
    w.group("Paint", "work", painted, art)
    w.group("Measure", "work", outs[0])
    w.group("Look", "look", told, sheet)


def export_a_style(w: Workflow) -> None:
    w.note("""
        Writes a style as an ONNX file, for other programs, browsers and phones: 2 MB, in
        ComfyUI's *output/tps_portrait*.

        1. **The style**: choose one.
        2. **Export Portrait Style**: give the file a **name**.
        3. Press **Run**.

        The file is checked with the photo before it is kept, and the report says how it is used.
        **size** 0 lets it paint pictures of any size; *float16* is half as large as *float32* and
        paints the same.

        It needs the package *onnx* (and *onnxruntime*, to check): *pip install onnx onnxruntime*
        """)
    photo, _ = load(w)
    style = load_style(w, (A, LOWER))
    (report,) = w.node(
        "TPSPortraitExportStyle",
        (B, LOWER),
        style=style,
        photos=photo,
        name="van gogh oil",
        precision="float16",
    )
    painted, *_ = w.node("TPSPortraitApplyStyle", (B, TOP), image=photo, style=style)
    shown = save(w, painted, (C, TOP), 440, 440, "What the file paints")
    told = tell(w, report, (C, LOWER + 40), 220, 440)
    w.group("Choose", "choose", photo, style)
    w.group("Export", "work", report, painted)
    w.group("Look", "look", shown, told)
    w.as_app([(photo, "image"), (style, "style_name"), *of(report, "name")], [shown])


def live_camera(w: Workflow) -> None:
    w.note("""
        Paints what your camera sees, picture by picture.

        1. Allow the browser to use the camera. It gives it to pages at *localhost* or *https*.
        2. **The style**: choose one.
        3. Beside **Run**, choose **Run (Instant)** and press it: one picture after the other is
        taken and painted, until you press it again.

        **video** in Stylize Portrait is on: your face is followed from picture to picture and held
        steady, which is quicker too than finding it each time.

        *Quicker still:* **width** and **height** 320 and 240, and *pip install openvino onnx* where
        there is no graphics card.
        """)
    (picture,) = w.node("WebcamCapture", (A, TOP), 400, 560, title="Your camera", choose=True)
    style = load_style(w, (A + 80, 720))
    painting, _ = w.node(
        "TPSPortraitStylize", (B + 80, TOP), image=picture, style=style, video=True
    )
    shown = preview(w, painting, (C + 80, TOP), 640, 740, "The painting")
    w.group("Choose", "choose", picture, style)
    w.group("Paint", "work", painting)
    w.group("Look", "look", shown)


def stylize_a_portrait(schemas: dict) -> Blueprint:
    w = Blueprint(
        "Stylize a portrait",
        schemas,
        "Paints the faces in photos, or all of the photos, in a style.",
        image="IMAGE",
        style_name="COMBO",
        strength="FLOAT",
        keep_colors="FLOAT",
        ground="COMBO",
        whole_image="BOOLEAN",
    )
    image, name, strength, keep_colors, ground, whole_image = w.inputs
    style = load_style(w, (0, 260), name)
    style.node["widgets_values"] = [STYLES[0]]
    painting, mask = w.node(
        "TPSPortraitStylize",
        (A, TOP),
        image=image,
        style=style,
        strength=strength,
        keep_colors=keep_colors,
        ground=ground,
        whole_image=whole_image,
    )
    w.give(painting=painting, mask=mask, before_and_after=beside(w, image, painting, (B, 260)))
    return w


def paint_like(schemas: dict) -> Blueprint:
    w = Blueprint(
        "Paint like a picture",
        schemas,
        "Paints photos like one picture of art, without any training.",
        image="IMAGE",
        art="IMAGE",
        strength="FLOAT",
        art_colors="FLOAT",
        ground="COMBO",
    )
    names = ("image", "art", "strength", "art_colors", "ground")
    given = dict(zip(names, w.inputs, strict=True))
    painting, mask = w.node("TPSPortraitPaintLike", (A, TOP), **given)
    both = beside(w, given["image"], painting, (B, 260))
    w.give(painting=painting, mask=mask, before_and_after=both)
    return w


def stylize_a_video(schemas: dict) -> Blueprint:
    w = Blueprint(
        "Stylize a video",
        schemas,
        "Paints a video in a style; the face is followed and held steady, the sound stays.",
        video="VIDEO",
        style_name="COMBO",
        strength="FLOAT",
        keep_colors="FLOAT",
        ground="COMBO",
    )
    video, name, strength, keep_colors, ground = w.inputs
    style = load_style(w, (0, 60), name)
    style.node["widgets_values"] = [STYLES[0]]
    frames, sound, rate = w.node("GetVideoComponents", (0, LOWER), 240, video=video)
    painted, _ = w.node(
        "TPSPortraitStylize",
        (A, TOP),
        image=frames,
        style=style,
        strength=strength,
        keep_colors=keep_colors,
        ground=ground,
        video=True,
    )
    (made,) = w.node("CreateVideo", (B, LOWER), 240, images=painted, audio=sound, fps=rate)
    w.give(painted_video=made)
    return w


TEMPLATES = {
    "Paint a portrait": paint_a_portrait,
    "Paint like a picture": paint_like_a_picture,
    "One block at a time": one_block_at_a_time,
    "Group photo with a style per face": group_photo,
    "Video in and out": video_in_and_out,
    "Place landmarks by hand": landmarks_by_hand,
    "Warp one face onto another": warp_one_face_onto_another,
    "Caricature": caricature,
    "Train a style from a folder": train_a_style,
    "Compare styles": compare_styles,
    "Evaluate a style": evaluate_a_style,
    "Export a style": export_a_style,
    "Live camera": live_camera,
}
KNOBS = ("strength", "ground")  # of an app, which shows no advanced inputs


def load(
    w: Workflow, at=(A, TOP), image: str = PHOTO, title: str = "Your photo"
) -> tuple[Out, Out]:
    """The node that loads a picture."""
    labels = {"image": title.lower()}
    return w.node("LoadImage", at, 320, 400, title, True, labels, image=image)


def load_style(w: Workflow, at, name: str | Out = STYLES[0], label: str = "the style") -> Out:
    """The node that loads a style."""
    title, labels = label.capitalize(), {"style_name": label}
    kind, height = "TPSPortraitLoadStyle", 260  # pictures of the styles are below the name
    (style,) = w.node(kind, at, 320, height, title, True, labels, style_name=name)
    return style


def save(w: Workflow, picture: Out, at, width, height, title="The painting", prefix="portrait"):
    """The node that saves a picture."""
    kind = "SaveImage"
    return w.node(kind, at, width, height, title, images=picture, filename_prefix=prefix)[0]


def preview(w: Workflow, picture: Out, at, width, height, title) -> Out:
    """A node that shows a picture."""
    return w.node("PreviewImage", at, width, height, title, images=picture)[0]


def tell(w: Workflow, text: Out, at, height, width=320) -> Out:
    """A node that shows a text."""
    return w.node("PreviewAny", at, width, height, "Report", source=text)[0]


def beside(w: Workflow, one: Out, other: Out, at, direction="right") -> Out:
    """One picture, and the other to the right of it or below."""
    return w.node(
        "ImageStitch", at, image1=one, image2=other, direction=direction, spacing_width=8
    )[0]


def of(out: Out, *names: str) -> list[tuple[Out, str]]:
    """Widgets of one node."""
    return [(out, name) for name in names]


if __name__ == "__main__":
    main()
