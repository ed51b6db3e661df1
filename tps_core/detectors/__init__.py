"""The detectors of faces and landmarks, their models, and what judges between them."""
