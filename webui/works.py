"""The long works of the tab: looking through a folder, training, evaluation."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from ..tps_core.file_faces import known_faces
from ..tps_core.folder_contents import list_files
from ..tps_core.landmark_files.json_file import sidecar_path
from ..tps_core.landmarks import Landmarks
from ..tps_core.picture_formats import ENDINGS
from ..tps_core.pictures import read_picture, to_image
from ..tps_core.server_paths import free_path
from ..tps_core.style import load_style, save_style
from ..training.banks.bank import bank_of, load_bank
from ..training.banks.contact_sheet import contact_sheet
from ..training.banks.review import Review
from ..training.banks.scan import ScanOptions, scan_folder
from ..training.learn.drive import drive
from ..training.learn.eta import Eta
from ..training.learn.options import TrainingOptions
from ..training.learn.samples import Samples
from ..training.learn.trainer import Step, train, training_device
from ..training.measure.evaluate import evaluate, paint_with
from ..training.measure.features import load_evaluation_networks
from .job import Job, Stopped

PREVIEW_EVERY = 10  # steps between two previews
SAMPLES = 4  # photos in the preview


def scan(job: Job, folder: Path, options: ScanOptions, on_review: Callable[[Review], None]) -> None:
    """Looks through a folder; shows the faces, and hands over what can be reviewed and saved."""

    def tell(done: int, total: int, entry) -> None:
        job.check()
        job.tell(f"{done} of {total} files")

    review = Review(folder, options, scan_folder(folder, options, tell))
    on_review(review)
    bank = bank_of(review.results, folder)
    job.tell(bank.report, to_image(contact_sheet(bank)))


def learn(
    job: Job,
    art: Path,
    photos: Path,
    name: str,
    options: TrainingOptions,
    device: torch.device,
    state: Path,
    resume: bool,
) -> None:
    """Trains a style from two face banks; shows samples as it learns, and saves it at the end.

    Stopped or failed, it saves the style so far, and goes on from there next time.
    """
    banks = load_bank(art), load_bank(photos)
    samples = Samples(banks[1].pictures(SAMPLES, options.size), state)
    kept = []

    def tell_of_pair(done: int, total: int) -> None:
        job.check()
        job.tell(f"{done} of {total} photos painted, to learn from")

    def tell_of_step(step: Step, eta: Eta) -> None:
        text = ", ".join(filter(None, [f"step {step.number} of {step.total}", str(eta)]))
        is_due = step.number % PREVIEW_EVERY == 0 or not job.shown(job.kind).picture
        strip = to_image(samples.strip(step)) if is_due or step.is_last else None
        job.tell(step.stop or step.setback or text, strip)
        job.check()

    def keep(more: str, step: Step) -> None:
        style = step.style()
        path = free_path(name, "styles", more.format(step=style.record["steps"]))
        save_style(style, path)
        kept.append(path.stem)

    try:
        steps = train(*banks, options, training_device(device), state, resume, tell_of_pair)
        last, strip = drive(steps, samples, tell_of_step, keep=partial(keep, " at step {step}"))
    except Stopped:
        if not kept:
            raise
        job.tell(f"stopped; the style so far is saved as {kept[0]}; Train goes on from there")
        return
    keep("", last)
    reason = f"{last.stop}; " if last.stop else ""
    job.tell(f"{reason}all done; the style is saved as {kept[0]}", to_image(strip))


def measure(
    job: Job,
    style: Path,
    photos: Path,
    art: Path,
    whole_image: bool,
    device: torch.device,
    may_read: Callable[[Path], bool],
) -> None:
    """Paints a folder's photos in the style, measures them, and shows report and contact sheet."""

    def read(path: Path) -> Tensor:
        if not may_read(path):
            raise ValueError("a link that leads out of the folders that may be read")
        return read_picture(path)

    def known(name: str, photo: Tensor) -> list[Landmarks] | None:
        path = photos / name
        if not may_read(sidecar_path(path)):
            raise ValueError("its landmark file is a link that leads out of what may be read")
        return known_faces(path, photo)

    def tell(done: int, total: int, name: str) -> None:
        job.check()
        job.tell(f"{done} of {total} photos")

    pictures = {
        path.relative_to(photos).as_posix(): partial(read, path)
        for path in list_files(photos, may_read)
        if path.suffix.lower() in ENDINGS
    }
    if not pictures:
        raise ValueError(f"{photos.name}: no pictures in it")
    evaluation = evaluate(
        pictures,
        paint_with(load_style(style).to(device), whole_image),
        load_bank(art),
        load_evaluation_networks(device),
        on_photo=tell,
        painted="the whole image" if whole_image else "the face",
        known=known,
    )
    job.tell(evaluation.report, to_image(evaluation.sheet()))
