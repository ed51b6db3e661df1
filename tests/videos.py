"""Small videos for the tests, made in a moment."""

from fractions import Fraction

import numpy as np

RATE = 25


def write_video(path, frames, times=None, sound=None, colors=1, **stream_options):
    """Writes pictures (h, w, 3) of bytes as a video, at times in 1/RATE s; `sound`: a codec's name.

    The colours are BT.709's unless told otherwise.
    """
    import av

    height, width = frames[0].shape[:2]
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv444p"
        stream.options = {"crf": "4", "preset": "ultrafast"}
        stream.codec_context.colorspace = colors
        for name, value in stream_options.items():
            setattr(stream, name, value)
        tone = file.add_stream(sound, rate=48000, layout="mono") if sound else None
        for time, pixels in zip(times or range(len(frames)), frames, strict=True):
            image = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
            image = image.reformat(format="yuv444p", dst_colorspace=colors)
            image.pts, image.time_base = time, Fraction(1, RATE)
            file.mux(stream.encode(image))
        file.mux(stream.encode(None))
        if tone is not None:
            for packet in _tone(av, tone, len(frames)):
                file.mux(packet)


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
