"""The losses of a training as one curve to look at."""

MEAN_DECAY = 0.97  # share of a mean that the next loss leaves of it


def loss_curve(history: list[dict[str, float]]) -> list[float]:
    """The sum of each step's losses, each smoothed: its mean over the last steps that had it.

    The paper's branches are in few of the steps: their losses keep their means in between, as the
    sum would else jump with each.
    """
    means: dict[str, float] = {}
    weights: dict[str, float] = {}
    curve = []
    for losses in history:
        for name, loss in losses.items():
            weights[name] = MEAN_DECAY * weights.get(name, 0.0) + 1
            means[name] = means.get(name, loss) + (loss - means.get(name, loss)) / weights[name]
        curve.append(sum(means.values()))
    return curve
