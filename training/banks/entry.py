"""What became of each file of a folder, and the buckets that a person works through."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass

from ...tps_core.json_reading import Checks, fields, listed, number, text, truth
from ...tps_core.plain_text import shown

GOOD = "good"
LOW_CONFIDENCE = "low confidence"
NO_FACE = "no face"
SEVERAL = "several faces"
EXTREME_POSE = "extreme pose"
TOO_SMALL = "too small"
DUPLICATE = "near duplicate"
UNREADABLE = "not a picture"
EXCLUDED = "excluded"


@dataclass(frozen=True)
class Bucket:
    """A kind of entries, as a person sees it."""

    key: str
    title: str
    colour: tuple[int, int, int]
    used: bool  # whether its faces are trained with
    advice: str  # what it means, and what to do


# In the order in which a person looks at them: what spoils a training most comes first.
BUCKETS = {
    bucket.key: bucket
    for bucket in (
        Bucket(
            LOW_CONFIDENCE,
            "Low confidence",
            (240, 170, 50),
            True,
            "Used, but the detector was unsure. Do the points lie on eyes, nose and mouth? Confirm "
            "them, place them again, or exclude the picture.",
        ),
        Bucket(
            SEVERAL,
            "Several faces",
            (170, 120, 240),
            True,
            "Used, with the largest face. Choose another one where that is the wrong one.",
        ),
        Bucket(
            NO_FACE,
            "No face",
            (235, 85, 85),
            False,
            "Left out. Place the points by hand where there is a face, or exclude the picture. A "
            "lower minimum confidence finds more faces in drawings.",
        ),
        Bucket(
            EXTREME_POSE,
            "Extreme pose",
            (60, 165, 245),
            True,
            "Used, but a face that is turned far away teaches little about faces seen from the "
            "front. Exclude those whose points are off.",
        ),
        Bucket(
            TOO_SMALL,
            "Too small",
            (215, 110, 165),
            False,
            "Left out: so few pixels hold no strokes to learn. Use a larger copy of the picture.",
        ),
        Bucket(
            DUPLICATE,
            "Near duplicates",
            (45, 185, 180),
            True,
            "Used, although another picture of the folder looks the same. That does no harm but "
            "counts the picture twice. Exclude one of the two where you don't want that.",
        ),
        Bucket(
            UNREADABLE,
            "Not a picture",
            (150, 150, 150),
            False,
            "Left out. Save what should be a picture again, as PNG or JPEG.",
        ),
        Bucket(
            EXCLUDED,
            "Excluded",
            (110, 110, 120),
            False,
            "Excluded by you. Bring them back at any time.",
        ),
        Bucket(GOOD, "Good", (75, 195, 105), True, "Used. No action needed."),
    )
}


@dataclass(frozen=True)
class Entry:
    """What became of one file."""

    name: str  # path below the folder
    used: bool
    reason: str  # why not; or what to know of it, "" if nothing
    bucket: str = ""  # a key of BUCKETS; left empty it follows from the others
    score: float | None = None  # how sure the detector was, 0…1; 1 for a person
    detector: str = ""  # who placed the points
    yaw: float | None = None  # degrees, positive to the right of the picture
    pitch: float | None = None  # degrees, positive upwards
    twin: str = ""  # the name of the earlier entry that it is a near duplicate of

    def __post_init__(self):
        if not self.bucket:
            object.__setattr__(self, "bucket", _bucket_of(self.used, self.reason))

    @property
    def details(self) -> dict:
        """What came to entries after their first three fields, for a file."""
        return {name: value for name, value in asdict(self).items() if name not in FIRST_FIELDS}


FIRST_FIELDS = ("name", "used", "reason")


def _between(low: float, high: float) -> Callable[[object, str], object]:
    """A check that a value is none, or a number from low to high."""
    return lambda value, what: value is None or number(value, what, low, high)


DETAILS: Checks = {
    "bucket": text,
    "score": _between(0, 1),
    "detector": text,
    "yaw": _between(-360, 360),
    "pitch": _between(-360, 360),
    "twin": text,
}


def entries_from(first: object, details: object) -> list[Entry]:
    """The entries of a file; those written before there were details have none.

    Raises ValueError for anything else.
    """
    first = listed(first, "the list of files")
    details = listed(details or [{}] * len(first), "the details of the files", len(first))
    entries = []
    for i, (of_file, more) in enumerate(zip(first, details, strict=True), 1):
        name, used, reason = listed(of_file, f"file {i}", 3)
        text(name, f"the name of file {i}")
        truth(used, f"the use of file {i}")
        text(reason, f"the reason of file {i}")
        entries.append(Entry(name, used, reason, **_known(fields(more, f"file {i}", DETAILS))))
    return entries


def _known(details: dict) -> dict:
    """The details without what a later version may have added."""
    names = Entry.__dataclass_fields__.keys() - FIRST_FIELDS
    known = {name: value for name, value in details.items() if name in names}
    return known if known.get("bucket", "") in BUCKETS else known | {"bucket": ""}


def by_confidence(entries: list[Entry]) -> list[int]:
    """The places of the entries, in the order of BUCKETS, the least sure first in each."""
    order = list(BUCKETS)
    return sorted(
        range(len(entries)),
        key=lambda i: (
            order.index(entries[i].bucket),
            1.0 if entries[i].score is None else entries[i].score,
        ),
    )


def report(entries: list[Entry]) -> str:
    """How many files were used, how many fell into which bucket, and each that has a reason."""
    used = sum(entry.used for entry in entries)
    buckets = Counter(entry.bucket for entry in entries)
    lines = [f"{used} faces from {len(entries)} files"]
    for bucket in BUCKETS.values():
        if buckets[bucket.key]:
            use = "used" if bucket.used else "left out"
            lines.append(f"{buckets[bucket.key]:6} {bucket.title.lower()} ({use})")
    ordered = [entries[i] for i in by_confidence(entries)]
    reasons = [shown(f"{e.name}: {e.reason}") for e in ordered if e.reason]
    return "\n".join(lines + reasons)


def _bucket_of(used: bool, reason: str) -> str:
    """The bucket of an entry that was written before there were buckets."""
    if used:
        return GOOD
    if "too small" in reason:
        return TOO_SMALL
    return NO_FACE if "no face" in reason else UNREADABLE
