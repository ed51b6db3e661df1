"""The method itself: landmarks, splines, alignment, the generator and the inference path."""
