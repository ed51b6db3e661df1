"""What is installed and published holds all that the pack needs, and not too much."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_BYTES = 30_000_000
NEEDED = {
    "install.py",
    "styles/ink line.safetensors",
    "tps_core/detectors/art_landmarks.safetensors",
    "tps_core/detectors/face_landmarks.safetensors",
    "tps_core/detectors/person_mask.safetensors",
    "tps_core/mean_face.json",
    "training/banks/portraits.md",
    "training/banks/portraits.safetensors",
    "web/landmark_editor.js",
    "workflows/pictures/clip.mp4",
    "workflows/pictures/photo.jpg",
}


@pytest.fixture(scope="module")
def tracked():
    """The files that git has."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("this is no git repository")
    return [name for name in done.stdout.decode().split("\0") if (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def published(tracked):
    """Those of them that .comfyignore leaves in, which the registry gets."""
    ask = ["git", "ls-files", "-z", "--cached", "--ignored", "--exclude-from=.comfyignore"]
    done = subprocess.run(ask, cwd=ROOT, capture_output=True, check=True)
    return set(tracked) - set(done.stdout.decode().split("\0"))


def test_the_registry_gets_the_models_and_no_more_than_it_should(published):
    assert published >= NEEDED | {"__init__.py", "locales/zh/nodeDefs.json", "requirements.txt"}
    assert sum((ROOT / name).stat().st_size for name in published) < MOST_BYTES


def test_the_registry_gets_every_file_of_the_folders_that_run(tracked, published):
    developers = {".ci", ".gitignore", "CONTRIBUTING.md", "Makefile", "benchmarks", "docs", "tests"}
    left_out = {name.split("/")[0] for name in set(tracked) - published}
    assert left_out == developers


def test_the_registry_s_pictures_are_files_of_the_repository(tracked):
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    pictures = re.findall(r'^(?:Icon|Banner) = ".+/main/(.+)"$', project, re.MULTILINE)
    assert len(pictures) == 2
    assert set(pictures) <= set(tracked)


@pytest.mark.slow
def test_the_wheel_holds_the_models_and_every_file_of_its_packages(tracked, tmp_path):
    pytest.importorskip("setuptools", "77")
    for name in tracked:
        (tmp_path / "pack" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "pack" / name)
    build = ["wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", tmp_path]
    subprocess.run([sys.executable, "-m", "pip", *build, tmp_path / "pack"], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.stat().st_size < MOST_BYTES
    inside = {name.removeprefix("tps_portrait/") for name in zipfile.ZipFile(wheel).namelist()}
    assert inside >= NEEDED
    shipped = [name for name in tracked if name.split("/")[0] in ("tps_core", "training", "cli")]
    assert set(shipped) <= inside
