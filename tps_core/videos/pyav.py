"""PyAV, by which videos are read and written: a package that not everybody has."""

from pathlib import Path

from ..json_reading import one_line

# A list of other files, or an address, is no video of the user's.
ONLY_THIS_FILE = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,matroska,avi,mpeg,mpegvideo,mpegts,asf,flv,ogg,m4v,mxf,dv,rm,wtv,nut,"
    "yuv4mpegpipe,h261,h263,h264,hevc,vvc,av1,obu,ivf,vc1,mjpeg,gxf,nsv,swf",
}


def load_av():
    """PyAV. Raises ValueError when it isn't installed."""
    try:
        import av
    except ImportError:
        raise ValueError(
            'videos need PyAV, which is not installed; pip install av (or "tps-portrait[video]")'
        ) from None
    return av


def open_file(path: Path | str):
    """The file in PyAV, to be read. Raises ValueError when it can't be."""
    av = load_av()
    try:
        # Not `options`, which PyAV gives to each track and frees for as many as there are then:
        # where tracks are found late (MPEG, FLV), more than it made, and Python crashes (14.2;
        # luck later).
        return av.open(str(path), metadata_errors="replace", container_options=ONLY_THIS_FILE)
    except FileNotFoundError:
        raise ValueError(f"{path}: no such file") from None
    except (OSError, ValueError, av.error.FFmpegError) as error:
        reason = one_line(getattr(error, "strerror", None) or error)
        raise ValueError(f"{path}: can't be read ({reason})") from None


def drained(av, graph) -> list:
    """The frames that are ready in the filter."""
    frames = []
    while True:
        try:
            frames.append(graph.pull())
        except (av.error.BlockingIOError, av.error.EOFError):
            return frames
