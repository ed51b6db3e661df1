"""There is no face where one is needed: the error, and the one place that words it."""

BY_HAND = (
    "place its landmarks by hand (in ComfyUI with Edit Face Landmarks, else with tps-portrait bank "
    "FOLDER --review)"
)


class FaceNotFound(ValueError):
    """There is no face where one is needed; the message says what to do."""


def face_not_found(
    where: str, min_confidence: float, otherwise: str, lower: str = "min_confidence"
) -> FaceNotFound:
    """The error of a detector that found no face, to be raised.

    `where` names what was looked at, `lower` what is to be set lower, `otherwise` what else to do.
    """
    return FaceNotFound(
        f"{where}: no face found at confidence {min_confidence:g}; lower {lower}, or {otherwise}"
    )
