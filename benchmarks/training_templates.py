"""ComfyUI templates about styles: trained, compared, measured, exported."""

from workflow_blocks import (
    GROUP,
    LOWER,
    STYLES,
    TOP,
    A,
    B,
    C,
    D,
    E,
    F,
    beside,
    load,
    load_style,
    of,
    preview,
    save,
    tell,
)
from workflow_file import Workflow


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
