import pytest

from tps_portrait.tps_core.videos.subtitles import plain_text


@pytest.mark.parametrize(
    ("content", "form", "text"),
    [
        (b"Hello\nyou", "subrip", b"Hello\nyou"),
        (b"<i>Hello</i> {\\an8}you", "subrip", b"Hello you"),
        (b"\0\5Hello\0\0\0\0styl", "mov_text", b"Hello"),
        (b"\0\0", "mov_text", b""),
        (b"\0", "mov_text", b""),
        (b"0,0,Default,,0,0,0,,{\\b1}Hello,{\\b0}\\Nyou", "ass", b"Hello,\nyou"),
        (b"", "webvtt", b""),
        (b"<v Bob>Hi 3 < 4", "webvtt", b"Hi 3 < 4"),
    ],
)
def test_the_words_of_each_form_are_found(content, form, text):
    assert plain_text(content, form) == text
