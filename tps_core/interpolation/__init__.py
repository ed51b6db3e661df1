"""A spline at every pixel, interpolated from its exact values at the knots of a lattice."""
