"""ComfyUI templates in which something is painted, bent or placed."""

from dataclasses import replace

from workflow_blocks import (
    ART,
    GROUP,
    KNOBS,
    LOOK,
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
)
from workflow_file import Workflow


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
