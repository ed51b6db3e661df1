"""What templates and blueprints are made of: places, words, and the nodes that most have."""

from workflow_file import Out, Workflow

STYLES = ("van gogh oil", "gibson pen", "comic")
PHOTO, ART, GROUP = (f"tps_portrait_{name}.png" for name in ("photo", "art", "group"))
# Where columns begin, and the top row.
A, B, C, D, E, F = range(420, 2940, 420)
TOP, LOWER = 60, 560
LOOK = """- **strength**: less lets the photo show through, more than 1 exaggerates.
- **keep_colors**: 1 keeps the photo's colours; only light and dark are painted.
- **ground**: *keep* or *blur* leaves what is behind the person, *transparent* cuts it out.
- **whole_image** off paints the face alone."""
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
