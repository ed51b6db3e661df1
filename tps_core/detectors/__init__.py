"""The detectors of faces and landmarks, their models, and what decides between them."""
