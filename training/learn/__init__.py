"""Learning a style: what a step sees, what it costs, the loop around it, and its state on disk."""
