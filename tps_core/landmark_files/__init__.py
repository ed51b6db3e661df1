"""Landmarks as files and as text: JSON, .pts, POSE_KEYPOINT and what the editor keeps."""
