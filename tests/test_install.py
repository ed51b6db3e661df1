"""The installer: with and without the internet, and with packages missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tps_portrait import install
from tps_portrait.training import perceptual

ROOT = Path(__file__).parents[1]


@pytest.fixture
def run(tmp_path):
    """Runs the installer with an empty folder for models and no internet."""

    def run(folder=ROOT, **environment):
        environment = {
            "XDG_DATA_HOME": str(tmp_path / "data"),
            "TORCH_HOME": str(tmp_path / "torch"),
            "TPS_PORTRAIT_HOME": str(tmp_path / "home"),
            "https_proxy": "http://127.0.0.1:9",  # where nobody listens
            **environment,
        }
        return subprocess.run(
            [sys.executable, "install.py"],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.mark.slow
def test_without_the_internet_one_line_says_what_to_put_where_and_nothing_fails(run, tmp_path):
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    first, last = done.stdout.splitlines()
    assert first == "TPS Portrait: fetching SqueezeNet's weights, which training needs (5 MB, once)"
    assert f"put {perceptual.BACKBONE} into {tmp_path / 'home'} (only training needs" in last


@pytest.mark.slow
def test_it_is_silent_when_all_is_there_and_the_folder_may_have_any_name(run, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / perceptual.KEPT).touch()
    folder = tmp_path / "a pack-1.0"
    for part in ("tps_core", "training"):
        shutil.copytree(ROOT / part, folder / part)
    for file in ("__init__.py", "install.py", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / file, folder)
    done = run(folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_training_needs_is_fetched_by_the_code_that_training_uses(monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(install, "import_pack", lambda: None)
    monkeypatch.setattr(perceptual, "fetch_weights", lambda: asked.append(1))
    install.fetch()
    assert asked == [1]
    assert capsys.readouterr().out == ""


def test_missing_packages_are_named_with_the_command_that_gets_them(monkeypatch, tmp_path, capsys):
    (tmp_path / "requirements.txt").write_text("# why\nnumpy\nno-such-package>=1\n")
    monkeypatch.setattr(install, "PACK", tmp_path)
    monkeypatch.setattr(install, "fetch", lambda: pytest.fail("fetched"))
    assert install.main() == 0
    assert capsys.readouterr().out == (
        "TPS Portrait: no-such-package: not installed; run: pip install -r requirements.txt\n"
    )


def test_the_packages_of_this_environment_are_all_found():
    assert install.missing_packages() == []
