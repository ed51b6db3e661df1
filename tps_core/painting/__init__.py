"""The network that paints, in its forms, and the back ends that run it."""
