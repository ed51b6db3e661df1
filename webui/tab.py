"""The tab: face banks and their review, training with live samples, evaluation.

What takes long is done by the job, not in gradio: a page that is closed would end it. The page asks
how it goes by a hidden button, which javascript/tps_portrait.js clicks while the tab is shown.
What is asked while a work goes on doesn't stand in gradio 3's queue: on Reload UI its server waits
for what stands there, which nobody answers any more, and the UI never comes back.
The WebUI remembers values by their labels, so that no two controls of the tab have the same.
"""

import html
from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps

import gradio as gr

from ..tps_core.detect import DETECTORS
from ..tps_core.server_paths import free_path
from ..tps_core.style import list_styles
from ..training.banks.bank import bank_of, list_banks, save_bank
from ..training.banks.scan import ScanOptions
from ..training.learn.options import PRESETS, PRESETS_IN_WORDS, TrainingOptions
from . import reviews, works
from .host import IS_GRADIO_4, device
from .job import JOB, Job
from .paths import WHERE, is_readable, listed, readable_folder, training_folder
from .settings import AREAS

BANK, TRAINING, EVALUATION = KINDS = ("face bank", "training", "evaluation")
CUSTOM = "custom"  # the preset that sets nothing
DEFAULTS = TrainingOptions()
NEVER = (-1, (), ())  # what a page that has just been opened has seen


def make_tab() -> list[tuple]:
    """The tab as the WebUI asks for it: its block, its name, and its id."""
    with gr.Blocks(analytics_enabled=False) as block, gr.Column(elem_id="tps_portrait"):
        with gr.Tabs():
            with gr.TabItem("Face bank", elem_id="tps_portrait_bank"):
                seen_of_bank = _make_bank()
            with gr.TabItem("Train", elem_id="tps_portrait_train"):
                seen_of_training, banks = _make_training()
            with gr.TabItem("Evaluate", elem_id="tps_portrait_evaluate"):
                seen_of_evaluation, style, art = _make_evaluation()
        seen = gr.State(NEVER)
        heartbeat = gr.Button("How does it go?", elem_id="tps_portrait_heartbeat")
        heartbeat.click(
            _how_it_goes,
            [seen],
            [seen, *seen_of_bank, *seen_of_training, *seen_of_evaluation, style, art, *banks],
            show_progress=False,
            queue=IS_GRADIO_4,
        )
    return [(block, "TPS Portrait", "tps_portrait")]


def _how_it_goes(seen) -> list:
    """What is new since the page asked last: its new state, and an update for each output."""
    styles, banks = list(list_styles()), list(list_banks())
    shown = [JOB.shown(kind) for kind in KINDS]
    now = (JOB.version, (*styles, None, *banks), tuple(each.drawn for each in shown))
    if now == tuple(seen):
        return [seen, *[gr.update()] * 14]
    updates: list = [now]
    for kind, each in zip(KINDS, shown, strict=True):
        picture = gr.update() if now[2] == seen[2] else each.picture
        is_stoppable = JOB.is_busy and JOB.kind == kind
        updates += [each.text, picture, gr.update(interactive=is_stoppable)]
    updates.insert(4, _review_link())
    if now[1] == seen[1]:
        return updates + [gr.update()] * 4
    return updates + [gr.update(choices=known) for known in (styles, banks, banks, banks)]


def _review_link() -> str:
    place = reviews.address()
    link = f'<a href="{place}" target="_blank" rel="noopener">Open the review in a new window</a>'
    return link if place else "A folder that was looked through can be reviewed here."


def _tells_why_not(work: Callable) -> Callable:
    """The function, whose ValueErrors are shown in the page."""

    @wraps(work)
    def told(*values):
        try:
            return work(*values)
        except (ValueError, OSError) as error:
            gr.Warning(html.escape(str(error), quote=False))

    return told


def _make_bank() -> list:
    """The controls of face banks; those that the heartbeat fills."""
    with gr.Row():
        folder = gr.Textbox(
            label="Folder of art, or of portrait photos",
            placeholder=f"a folder in {WHERE}, or a full path",
            max_lines=1,
            elem_id="tps_portrait_folder",
        )
        size = gr.Slider(64, 512, value=256, step=16, label="Side of the faces in pixels")
        detector = gr.Dropdown(list(DETECTORS[:-1]), value="auto", label="Face detector")
        least = gr.Slider(0.05, 0.95, value=0.5, step=0.05, label="How sure it must be")
    with gr.Row():
        scan = gr.Button("Look through", variant="primary", elem_id="tps_portrait_scan")
        stop = _stop_button(BANK)
    text, picture = _shown("Faces, the least sure first", BANK)
    link = gr.HTML(_review_link(), elem_id="tps_portrait_review")
    with gr.Row():
        name = gr.Textbox(
            "my faces", label="Name of the face bank", elem_id="tps_portrait_bank_name"
        )
        save = gr.Button("Save as face bank", elem_id="tps_portrait_bank_save")
    scan.click(_scan, [folder, size, detector, least], [])
    save.click(_save_bank, [name], [])
    return [text, picture, stop, link]


@_tells_why_not
def _scan(folder: str, size: float, detector: str, least: float) -> None:
    options = ScanOptions(int(size), detector, least, True, is_readable)
    found = readable_folder(folder)

    def work(job: Job) -> None:
        reviews.end()  # or the faces of the folder before could be saved under this one's name
        works.scan(job, found, options, reviews.begin)

    JOB.start(BANK, work)


@_tells_why_not
def _save_bank(name: str) -> None:
    review = reviews.current()
    if review is None:
        raise ValueError("there is nothing to save yet; look through a folder first")
    bank, path = bank_of(review.results, review.folder), free_path(name, "banks")
    save_bank(bank, path)
    count = bank.report.splitlines()[0]  # without those that were excluded in the review
    gr.Info(html.escape(f"saved as {path.stem}: {count}", quote=False))
    JOB.version += 1  # there is one more in the lists


def _make_training() -> tuple[list, list]:
    """The controls of training; those that the heartbeat fills, and those that list banks."""
    known = list(list_banks())
    with gr.Row():
        art = gr.Dropdown(known, label="Art: face bank", elem_id="tps_portrait_art")
        photos = gr.Dropdown(
            known, label="Photos: face bank of any people", elem_id="tps_portrait_photos"
        )
        name = gr.Textbox("my style", label="Name of the style", elem_id="tps_portrait_name")
        preset = gr.Dropdown(
            [*PRESETS, CUSTOM], value="good", label="Preset", elem_id="tps_portrait_preset",
            info=PRESETS_IN_WORDS,
        )  # fmt: skip
    with gr.Accordion("Custom, and more", open=False, elem_id="tps_portrait_more"):
        with gr.Row():
            steps = gr.Number(DEFAULTS.steps, label="Steps (custom)", elem_id="tps_portrait_steps")
            size = gr.Slider(
                64, 512, value=DEFAULTS.size, step=16, label="Size in pixels (custom)",
                elem_id="tps_portrait_size",
            )  # fmt: skip
            batch = gr.Slider(1, 16, value=DEFAULTS.batch, step=1, label="Batch (custom)")
        with gr.Row():
            seed = gr.Number(0, label="Seed")
            pairs = gr.Number(
                DEFAULTS.pairs, label="Photos painted first, to learn from; 0 for none",
                elem_id="tps_portrait_pairs",
            )  # fmt: skip
            content = gr.Radio(
                ["lpips", "l1"], value="lpips", label="What holds the likeness",
                elem_id="tps_portrait_content",
            )  # fmt: skip
            early = gr.Checkbox(True, label="End when more steps don't help")
            resume = gr.Checkbox(True, label="Go on with the training of that name")
    with gr.Row():
        start = gr.Button("Train", variant="primary", elem_id="tps_portrait_start")
        stop = _stop_button(TRAINING)
    text, picture = _shown("Some photos, and how the style paints them now", TRAINING)
    values = [art, photos, name, preset, steps, size, batch, seed, pairs, content, early, resume]
    start.click(_train, values, [])
    return [text, picture, stop], [art, photos]


@_tells_why_not
def _train(
    art, photos, name, preset, steps, size, batch, seed, pairs, content, early, resume
) -> None:
    options = TrainingOptions(
        steps=_whole(steps, "steps"),
        size=_whole(size, "size"),
        batch=_whole(batch, "batch"),
        seed=_whole(seed, "seed"),
        early_stop=bool(early),
        content_loss=content,
        pairs=_whole(pairs, "photos painted first") or DEFAULTS.pairs,
        pairs_weight=DEFAULTS.pairs_weight if pairs else 0.0,
    )
    if preset != CUSTOM:
        if preset not in PRESETS:
            raise ValueError(
                f"preset is {preset!r}; choose {CUSTOM} or one of {', '.join(PRESETS)}"
            )
        options = replace(options, **PRESETS[preset])
    work = partial(
        works.learn,
        art=listed(art, list_banks(), "face bank of art"),
        photos=listed(photos, list_banks(), "face bank of photos"),
        name=name,
        options=options,
        device=device(),
        state=training_folder(name),
        resume=bool(resume),
    )
    JOB.start(TRAINING, work)


def _whole(value: float | None, what: str) -> int:
    if value is None or not 0 <= value <= 10_000_000 or value != int(value):
        raise ValueError(f"{what} is {value}, not a whole number from 0 to 10000000")
    return int(value)


def _make_evaluation() -> tuple[list, gr.Dropdown, gr.Dropdown]:
    """The controls of evaluation; those that the heartbeat fills, and the lists of it."""
    with gr.Row():
        style = gr.Dropdown(
            list(list_styles()), label="Portrait style", elem_id="tps_portrait_measured"
        )
        folder = gr.Textbox(
            label="Folder of photos that it was not trained with",
            placeholder=f"a folder in {WHERE}, or a full path",
            max_lines=1,
            elem_id="tps_portrait_measured_photos",
        )
        art = gr.Dropdown(
            list(list_banks()),
            label="Face bank to compare with",
            elem_id="tps_portrait_measured_art",
        )
        area = gr.Radio(list(AREAS), value=AREAS[0], label="Painted area")
    with gr.Row():
        start = gr.Button("Evaluate", variant="primary", elem_id="tps_portrait_measure")
        stop = _stop_button(EVALUATION)
    text, picture = _shown("Photos beside their results, the worst first", EVALUATION)
    start.click(_measure, [style, folder, art, area], [])
    return [text, picture, stop], style, art


@_tells_why_not
def _measure(style: str, folder: str, art: str, area: str) -> None:
    work = partial(
        works.measure,
        style=listed(style, list_styles(), "style"),
        photos=readable_folder(folder),
        art=listed(art, list_banks(), "face bank"),
        whole_image=area == AREAS[0],
        device=device(),
        may_read=is_readable,
    )
    JOB.start(EVALUATION, work)


def _stop_button(kind: str) -> gr.Button:
    button = gr.Button("Stop", interactive=False, elem_id=f"tps_portrait_stop_{kind.split()[0]}")
    button.click(JOB.stop, [], [], queue=IS_GRADIO_4)
    return button


def _shown(label: str, kind: str) -> tuple[gr.Textbox, gr.Image]:
    """Where the heartbeat shows how a work of that kind goes."""
    id = f"tps_portrait_{kind.split()[0]}"
    # gradio 4 would show the end of a report, which begins with what matters.
    more = {"autoscroll": False} if IS_GRADIO_4 else {}
    text = gr.Textbox(
        label="How it goes", lines=2, max_lines=16, interactive=False, elem_id=f"{id}_text", **more
    )
    text.do_not_save_to_config = True
    picture = gr.Image(type="pil", label=label, interactive=False, elem_id=f"{id}_picture")
    return text, picture
