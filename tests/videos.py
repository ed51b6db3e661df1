"""Small videos for the tests, made in a moment."""

from contextlib import closing
from fractions import Fraction

import numpy as np

RATE = 25


def write_video(
    path,
    frames,
    times=None,
    sound=None,
    colors=1,
    codec="libx264",
    pix_fmt="yuv444p",
    options=None,
    before=lambda file: None,
    rate=RATE,
    **context,
):
    """Writes pictures (h, w, 3 or 4) of bytes as a video, at times in 1/rate s.

    sound: a codec's name, or several. colors: the matrix; BT.709's unless told otherwise. `before`
    is called with the file before anything is written, `context` are attributes of the encoder.
    """
    import av

    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        stream.options = options or ({"crf": "4", "preset": "ultrafast"} if "x26" in codec else {})
        for name, value in {"colorspace": colors, **context}.items():
            setattr(stream.codec_context, name, value)
        if pix_fmt == "yuva420p":
            stream.metadata["alpha_mode"] = "1"
        sounds = [sound] if isinstance(sound, str) else sound or []
        tones = [file.add_stream(name, rate=48000, layout="mono") for name in sounds]
        before(file)
        for time, pixels in zip(times or range(len(frames)), frames, strict=True):
            kind = "rgba" if pixels.shape[-1] == 4 else "rgb24"
            image = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=kind)
            image = image.reformat(format=pix_fmt, dst_colorspace=colors)
            image.pts, image.time_base = time, Fraction(1, rate)
            file.mux(stream.encode(image))
        file.mux(stream.encode(None))
        for tone in tones:
            for packet in _tone(av, tone, len(frames)):
                file.mux(packet)


def write_for_camera(video, path):
    """Writes the video as a browser's camera takes it: JPEGs, one after the other."""
    import av

    with av.open(str(video)) as source, av.open(str(path), "w", format="mjpeg") as file:
        stream = file.add_stream("mjpeg", rate=RATE)
        stream.width, stream.height = source.streams.video[0].width, source.streams.video[0].height
        stream.pix_fmt = "yuvj420p"
        for index, frame in enumerate(source.decode(video=0)):
            frame = frame.reformat(format="yuvj420p")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def copied(source, target):
    """Reads the video and writes it, nothing painted; returns what is said of it."""
    from tps_portrait.tps_core.videos.frame import Frame
    from tps_portrait.tps_core.videos.stylize_video import open_video
    from tps_portrait.tps_core.videos.writer import VideoWriter

    with closing(open_video(source)) as reader:
        writer = VideoWriter(target, reader)
        for part in reader.parts():
            writer.add(part) if isinstance(part, Frame) else writer.add_packet(part)
        writer.finish()
        return [*reader.notes, *writer.notes]


def read_video(path):
    """The frames (n, h, w, 3) of bytes, their times in seconds, and the packets' bytes of sound."""
    import av

    frames, times = [], []
    with av.open(str(path)) as file:
        for frame in file.decode(video=0):
            frames.append(frame.to_ndarray(format="rgb24"))
            times.append(float(frame.time))
    with av.open(str(path)) as file:
        sound = [bytes(p) for p in file.demux(audio=0) if p.size] if file.streams.audio else []
    return np.stack(frames), times, sound


def seconds(path):
    """How long the video is."""
    import av

    with av.open(str(path)) as file:
        return file.duration / 1e6


def _tone(av, stream, count):
    length = 48000 // RATE
    resampler = av.AudioResampler(stream.format, stream.layout, stream.rate)
    for index in range(count):
        time = (np.arange(length) + index * length) / 48000
        wave = (0.2 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 48000, index * length
        frame.time_base = Fraction(1, 48000)
        for ready in resampler.resample(frame):
            yield stream.encode(ready)
    yield stream.encode(None)
