"""The plane, without faces: splines and their grids, warping, similarities, cut squares, boxes."""
