"""Faces from frame to frame: followed, told apart, made steady, and missed for a while."""
