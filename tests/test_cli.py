"""The command line: what it writes, and that bad input gives one line and status 2."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from tps_portrait.cli import main
from tps_portrait.cli.drawings import draw_faces
from tps_portrait.tps_core.align import CROP
from tps_portrait.tps_core.detect import detect
from tps_portrait.tps_core.painting.generator import Generator
from tps_portrait.tps_core.pictures import read_picture
from tps_portrait.tps_core.style import Style, load_style, save_style
from videos import read_video, seconds, write_video


@pytest.fixture
def photo(portrait, tmp_path):
    portrait.save(tmp_path / "portrait.png")
    return tmp_path / "portrait.png"


@pytest.fixture
def style(tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        generator = Generator().eval().requires_grad_(False)
    record = {"architecture": generator.architecture, "crop": CROP, "size": 128}
    save_style(Style(generator, record), tmp_path / "blur.safetensors")
    return tmp_path / "blur.safetensors"


@pytest.fixture
def noise(tmp_path):
    Image.effect_noise((120, 90), 80).convert("RGB").save(tmp_path / "noise.png")
    return tmp_path / "noise.png"


def run(*arguments):
    return main([str(argument) for argument in arguments])


def test_detect_writes_the_documented_json_and_a_preview(photo, noise, tmp_path, capsys):
    out = tmp_path / "out" / "landmarks.json"
    assert run("detect", photo, noise, "-o", out, "--preview", tmp_path / "previews") == 0
    images = json.loads(out.read_text())["images"]
    (face,) = images[str(photo)]["faces"]
    assert images[str(photo)]["size"] == [512, 512]
    assert len(face["points"]) in (468, 478)
    assert images[str(noise)]["faces"] == []
    said = capsys.readouterr().out
    assert "1 face (confidence" in said
    assert "noise.png: no sure face; lower --min-confidence, or place its landmarks by h" in said
    assert (tmp_path / "previews" / "portrait.png").is_file()


def test_detect_says_when_there_are_more_faces_than_it_gives(photo, tmp_path, capsys):
    with Image.open(photo) as image:
        head = image.crop((120, 0, 340, 260))
    trio = Image.new("RGB", (660, 260))
    for index in range(3):
        trio.paste(head, (220 * index, 0))
    trio.save(tmp_path / "trio.png")
    assert run("detect", tmp_path / "trio.png", "--max-faces", "2") == 0
    out, err = capsys.readouterr()
    assert "2 faces" in out
    assert "trio.png: more than 2 faces; 2 are kept, and --max-faces raises" in err


def test_detect_prints_json_for_machines(photo, capsys):
    assert run("detect", photo, "--json") == 0
    assert list(json.loads(capsys.readouterr().out)["images"]) == [str(photo)]


def test_one_broken_picture_costs_no_other(photo, tmp_path, capsys):
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    out = tmp_path / "landmarks.json"
    assert run("detect", tmp_path / "broken.jpg", photo, "-o", out) == 2
    assert list(json.loads(out.read_text())["images"]) == [str(photo)]
    (line,) = capsys.readouterr().err.splitlines()
    assert "broken.jpg: can't be read" in line


def test_warp_gives_a_face_the_shape_of_another(photo, tmp_path):
    reference = tmp_path / "wide.png"
    with Image.open(photo) as image:
        image.resize((640, 512)).save(reference)
    assert run("warp", photo, "--to", reference, "-o", tmp_path / "warped.png") == 0

    def aspect(path):
        points = detect(read_picture(path))[0].shape68_px
        width, height = points[:17].amax(0) - points[:17].amin(0)
        return float(width / height)

    assert aspect(tmp_path / "warped.png") > 1.1 * aspect(photo)
    assert read_picture(tmp_path / "warped.png").shape == (3, 512, 512)


def test_bank_train_and_stylize_are_a_chain(photo, style, tmp_path, capsys, small_networks):
    draw_faces(tmp_path / "art", 3)
    bank, out = tmp_path / "art.safetensors", tmp_path / "out.safetensors"
    report = tmp_path / "report"
    assert run("bank", tmp_path / "art", "-o", bank, "--size", "64", "--report", report) == 0
    assert {p.name for p in report.iterdir()} >= {"contact_sheet.png", "report.txt", "index.html"}
    train = (
        "train",
        "--art",
        bank,
        "--photos",
        bank,
        "-o",
        out,
        "--size",
        "64",
        "--content-loss",
        "l1",
        "--batch",
        "1",
        "--author",
        "me",
        "--licence",
        "CC0",
    )
    assert run(*train, "--steps", "2") == 0
    assert run(*train, "--steps", "3") == 0  # goes on
    assert load_style(out).record["steps"] == 3
    assert load_style(out).record["licence"] == "CC0"
    assert len((tmp_path / "out.losses.csv").read_text().splitlines()) == 4
    assert (tmp_path / "out.samples.png").is_file()
    assert (tmp_path / "out.state").is_dir()
    capsys.readouterr()
    target = tmp_path / "painted.jpg"
    assert run("stylize", photo, "--style", out, "-o", target, "--device", "cpu", "--json") == 0
    assert json.loads(capsys.readouterr().out)["written"] == [str(target)]
    assert read_picture(target).shape == (3, 512, 512)


def test_stylize_paints_a_folder_and_reports_what_it_could_not(
    photo, noise, style, tmp_path, capsys
):
    (tmp_path / "in").mkdir()
    for path in (photo, noise):
        path.rename(tmp_path / "in" / path.name)
    command = ("stylize", tmp_path / "in", "--style", style, "-o", tmp_path / "out")
    assert run(*command, "--face-only") == 2
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["portrait.png"]
    (line,) = capsys.readouterr().err.splitlines()
    assert "noise.png: no face found" in line


def test_the_whole_image_is_painted_even_without_a_face(noise, style, tmp_path):
    out = tmp_path / "painted.png"
    assert run("stylize", noise, "--style", style, "-o", out) == 0
    assert read_picture(out).shape == (3, 90, 120)


def test_strength_zero_leaves_the_photo(photo, style, tmp_path):
    out = tmp_path / "same.png"
    assert run("stylize", photo, "--style", style, "-o", out, "--strength", "0") == 0
    assert (read_picture(out) - read_picture(photo)).abs().max() < 2 / 255


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["detect", "missing.jpg"], "missing.jpg: no such file or folder"),
        (["detect", "{photo}", "--min-confidence", "7"], "between 0 and 1"),
        (["warp", "{photo}", "--to", "{noise}", "-o", "x.png"], "noise.png: no face found"),
        (["stylize", "{photo}", "--style", "nonsense", "-o", "x.png"], "no such style or file"),
        (["stylize", "{photo}", "--style", "{noise}", "-o", "x.png"], "not a style"),
        (
            ["stylize", "{photo}", "--style", "{style}", "-o", "x.png", "--device", "cuda:99"],
            "can't be used here",
        ),
        (
            ["stylize", "{photo}", "--style", "{style}", "-o", "x.png", "--strength", "3"],
            "--strength must be between 0 and 2",
        ),
        (["bank", "nowhere", "-o", "x.safetensors"], "no such folder"),
        (["bank", "."], "say what to make: -o BANK.safetensors, --report FOLDER, or --review"),
        (["train", "--art", ".", "--photos", ".", "-o", "x.pth"], "must end in .safetensors"),
        (
            ["train", "--art", ".", "--photos", ".", "-o", "x.safetensors", "--size", "100"],
            "multiple of 16",
        ),
        (
            ["train", "--art", ".", "--photos", ".", "-o", "x.safetensors", "--resume", "nowhere"],
            "no such training state",
        ),
    ],
)
def test_bad_input_gives_one_line_and_status_2(
    arguments, message, photo, noise, style, tmp_path, capsys, monkeypatch
):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    places = {"photo": photo, "noise": noise, "style": style}
    assert run(*(a.format(**places) for a in arguments)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"tps-portrait {arguments[0]}: ")
    assert message in line
    assert not list((tmp_path / "elsewhere").iterdir())


@pytest.fixture
def film(portrait, tmp_path):
    """A video of three frames with a sound."""
    pytest.importorskip("av")
    pixels = np.asarray(portrait.crop((60, 0, 420, 320)).resize((180, 160)))
    write_video(tmp_path / "film.mkv", [pixels] * 3, sound="aac")
    return tmp_path / "film.mkv"


def test_stylize_paints_a_video_under_the_name_that_is_given(film, style, tmp_path, capsys):
    out = tmp_path / "out.mp4"
    assert run("stylize", film, "--style", style, "-o", out, "--device", "cpu", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["written"] == [str(out)]
    assert told["videos"][str(out)]["frames"] == told["videos"][str(out)]["frames_with_face"] == 3
    assert len(read_video(out)[0]) == 3


def test_stylize_paints_pictures_and_videos_into_a_folder(film, photo, style, tmp_path):
    out = tmp_path / "out"
    command = ("stylize", film, photo, "--style", style, "-o", out, "--whole-image")
    assert run(*command, "--device", "cpu") == 0
    assert {path.name for path in out.iterdir()} == {"film.mkv", "portrait.png"}


def test_a_gif_that_moves_is_painted_as_a_video_if_the_result_is_one(
    photo, style, tmp_path, capsys
):
    pytest.importorskip("av")
    with Image.open(photo) as image:
        small = image.resize((128, 128))
    gif = tmp_path / "moving.gif"
    small.save(gif, save_all=True, append_images=[small.transpose(0)], duration=100)
    for name, frames, said in (("out.gif", 2, False), ("out.png", 1, True)):
        command = ("stylize", gif, "--style", style, "-o", tmp_path / name, "--whole-image")
        assert run(*command, "--device", "cpu") == 0
        with Image.open(tmp_path / name) as image:
            assert getattr(image, "n_frames", 1) == frames
        assert ("to paint all of its pictures" in capsys.readouterr().err) == said


@pytest.mark.parametrize("ending", ["webp", "png", "avif"])
def test_animations_of_each_kind_are_painted_as_videos(photo, style, tmp_path, ending):
    small = Image.open(photo).resize((90, 80))
    moving = tmp_path / f"moves.{ending}"
    options = {"append_images": [small.transpose(0)], "duration": [100, 900]}
    small.save(moving, save_all=True, **options)
    assert run("stylize", moving, "--style", style, "-o", tmp_path / "moves.mp4") == 0
    assert (tmp_path / "moves.mp4").is_file()
    assert len(read_video(tmp_path / "moves.mp4")[0]) == 2
    assert seconds(tmp_path / "moves.mp4") == pytest.approx(1, abs=0.01)


def test_a_video_of_any_name_is_painted_and_what_is_lost_is_said(film, style, tmp_path, capsys):
    clip = film.rename(tmp_path / "clip.odd")
    command = ("stylize", clip, "--style", style, "-o", tmp_path / "out.gif", "--json")
    assert run(*command) == 0
    printed = capsys.readouterr()
    (told,) = json.loads(printed.out)["videos"].values()
    assert told["notes"] == ["sound track 1 of 1 is left out: .gif has no sound"]


def test_a_video_does_not_become_a_picture(film, style, tmp_path, capsys):
    assert run("stylize", film, "--style", style, "-o", tmp_path / "out.png") == 2
    assert "a video's name must end in .mp4" in capsys.readouterr().err


@pytest.fixture
def small_photo(portrait, tmp_path):
    portrait.crop((60, 0, 420, 320)).resize((180, 160)).save(tmp_path / "small.png")
    return tmp_path / "small.png"


def painted(photo, style, out, *options):
    command = ("stylize", photo, "--style", style, "-o", out, "--device", "cpu", "--overwrite")
    assert run(*command, *options) == 0
    with Image.open(out) as image:
        return np.asarray(image).astype(int)


def test_the_face_alone_is_painted_only_when_that_is_asked_for(small_photo, style, tmp_path):
    before = np.asarray(Image.open(small_photo).convert("RGB")).astype(int)
    whole = painted(small_photo, style, tmp_path / "a.png")
    assert np.array_equal(painted(small_photo, style, tmp_path / "b.png", "--whole-image"), whole)
    face = painted(small_photo, style, tmp_path / "c.png", "--face-only")
    assert np.abs(face - before)[:10, :10].max() <= 1
    assert np.abs(whole - before)[:10, :10].mean() > 5


def test_the_options_of_finishing_reach_the_picture(small_photo, style, tmp_path):
    plain = painted(small_photo, style, tmp_path / "plain.png")
    for options in (["--strength", "1.5"], ["--keep-colors"], ["--ground", "blur"]):
        assert np.abs(painted(small_photo, style, tmp_path / "x.png", *options) - plain).mean() > 1
    for name in ("clear.png", "clear.webp"):
        clear = painted(small_photo, style, tmp_path / name, "--ground", "transparent")
        assert clear.shape == (160, 180, 4)
        assert clear[50:80, 70:90, 3].min() > 250  # the face
        assert clear[:60, :15, 3].max() < 5


def test_what_can_not_be_transparent_is_refused_before_work_starts(
    film, photo, style, tmp_path, capsys
):
    for paths, out, message in (
        ([photo], "out.jpg", "out.jpg: can't be transparent; let its name end in .png or .webp"),
        ([film], "out.mp4", "film.mkv: a .mp4 video can't be transparent; let its name end in"),
    ):
        command = ("stylize", *paths, "--style", style, "-o", tmp_path / out)
        assert run(*command, "--ground", "transparent") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
        assert not (tmp_path / out).exists()


@pytest.mark.parametrize(
    "command",
    ["paint-like", "stylize", "train", "detect", "warp", "bank", "evaluate", "doctor", "demo"],
)
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as exit:
        main([command, "--help"])
    assert exit.value.code == 0
    assert len(capsys.readouterr().out) > 200


@pytest.mark.parametrize("arguments", [[], ["paint"], ["train", "--steps", "many"]])
def test_wrong_arguments_have_status_2(arguments):
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == 2
