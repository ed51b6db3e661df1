"""The node between landmarks, pose keypoints and JSON."""

from comfy_api.latest import io

from ..tps_core.choose import ORDERS, choose
from ..tps_core.landmark_files.points_json import read_points, write_points
from ..tps_core.landmark_files.pose_keypoints import read_pose, write_pose
from .schema import schema
from .sockets import (
    BoundingBox,
    FaceLandmarks,
    PoseKeypoint,
    boxes,
    from_frames,
    own_frames,
    size_of,
)

UNITS = ("pixels", "0 to 1")


class ConvertLandmarks(io.ComfyNode):
    @classmethod
    def define_schema(cls):
        return schema(
            node_id="TPSPortraitConvertLandmarks",
            display_name="Convert Face Landmarks",
            category="TPS Portrait/landmarks",
            search="openpose, dwpose, pose keypoints, mediapipe, choose face, sort faces",
            advanced=("pose_points", "pose_units"),
            description="Turns landmarks, pose keypoints or points as JSON into each other, and "
            "chooses among faces.",
            inputs=[
                FaceLandmarks.Input("face_landmarks", optional=True),
                PoseKeypoint.Input(
                    "pose_keypoints",
                    optional=True,
                    tooltip="From DWPose, OpenPose or another pose estimator that sees faces.",
                ),
                io.String.Input(
                    "points_json",
                    default="",
                    multiline=True,
                    optional=True,
                    tooltip="What a landmark file holds, or points [[x, y], …] in pixels or in "
                    "0…1. Leave it empty when another input is connected.",
                ),
                io.Image.Input(
                    "image",
                    optional=True,
                    tooltip="The image that the points are of, for points that don't say how "
                    "large it is.",
                ),
                io.Combo.Input(
                    "order",
                    options=list(ORDERS),
                    default=ORDERS[0],
                    tooltip="In which order to put the faces of each image; index leaves them as "
                    "they come.",
                ),
                io.Int.Input(
                    "first",
                    default=1,
                    min=1,
                    max=64,
                    tooltip="The first face to take in that order: 2 leaves one out.",
                ),
                io.Int.Input(
                    "max_faces",
                    default=64,
                    min=1,
                    max=64,
                    tooltip="How many faces to take from each image.",
                ),
                io.Combo.Input(
                    "pose_points",
                    options=["70", "68"],
                    default="70",
                    tooltip="Points of a face in pose_keypoints: 70 with the pupils, 68 without.",
                ),
                io.Combo.Input(
                    "pose_units",
                    options=list(UNITS),
                    default=UNITS[0],
                    tooltip="In what pose_keypoints are given; some nodes want 0 to 1.",
                ),
            ],
            outputs=[
                FaceLandmarks.Output(display_name="face_landmarks"),
                PoseKeypoint.Output(display_name="pose_keypoints"),
                io.String.Output(display_name="points_json"),
                BoundingBox.Output(display_name="bounding_boxes"),
            ],
        )

    @classmethod
    def execute(
        cls,
        order,
        first,
        max_faces,
        pose_points,
        pose_units,
        face_landmarks=None,
        pose_keypoints=None,
        points_json="",
        image=None,
    ) -> io.NodeOutput:
        size = None if image is None else size_of(image)
        given = [face_landmarks is not None, pose_keypoints is not None, bool(points_json.strip())]
        if sum(given) != 1:
            raise ValueError(
                f"{sum(given)} of face_landmarks, pose_keypoints and points_json are given; "
                "connect or fill in exactly one"
            )
        if face_landmarks is not None:
            frames, size = own_frames(face_landmarks)
        elif pose_keypoints is not None:
            frames, size = read_pose(pose_keypoints, size)
        else:
            frames, size = read_points(points_json, size)
        frames = [choose(faces, order, first, max_faces) for faces in frames]
        return io.NodeOutput(
            from_frames(frames, size),
            write_pose(frames, size, int(pose_points), pose_units == UNITS[1]),
            write_points(frames, size),
            boxes(frames),
        )
