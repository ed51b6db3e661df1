"""The job: one long work at a time, which can be watched and stopped."""

import threading
import time

import pytest
from PIL import Image

from tps_portrait.webui.job import Job

PICTURE = Image.new("RGB", (2, 2))


@pytest.fixture
def job():
    return Job()


def wait(job: Job) -> None:
    end = time.monotonic() + 10
    while job.is_busy and time.monotonic() < end:
        time.sleep(0.005)
    assert not job.is_busy


def test_a_work_shows_what_it_does_and_its_picture_stays(job):
    def work(job):
        job.tell("half", PICTURE)
        job.tell("all")

    before = job.version
    job.start("training", work)
    wait(job)
    assert (job.shown("training").text, job.shown("training").picture) == ("all", PICTURE)
    assert job.version > before
    assert job.shown("evaluation").text == ""


def test_only_one_work_at_a_time_is_done(job):
    go = threading.Event()
    job.start("training", lambda job: go.wait(10))
    with pytest.raises(ValueError, match="busy with the training; stop that first, or wait"):
        job.start("evaluation", lambda job: None)
    go.set()
    wait(job)
    job.start("evaluation", lambda job: job.tell("now"))
    wait(job)
    assert job.shown("evaluation").text == "now"


def test_a_work_that_is_stopped_ends_and_the_next_one_is_not_stopped(job):
    def work(job):
        while True:
            job.check()
            time.sleep(0.002)

    job.start("training", work)
    job.stop()
    wait(job)
    assert job.shown("training").text == "stopped"
    job.start("training", lambda job: (job.check(), job.tell("done")))
    wait(job)
    assert job.shown("training").text == "done"


@pytest.mark.parametrize("error", [ValueError, OSError, MemoryError, RuntimeError])
def test_why_a_work_ended_can_be_seen(job, error):
    def work(job):
        raise error("because")

    job.start("training", work)
    wait(job)
    assert job.shown("training").text == "ended: because"


def test_an_error_without_words_is_put_into_some(job):
    def work(job):
        raise MemoryError

    job.start("training", work)
    wait(job)
    assert job.shown("training").text == "ended: there is not enough memory"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_is_said_too(job):
    def work(job):
        raise KeyError("what")

    job.start("training", work)
    wait(job)
    assert "fault" in job.shown("training").text


def test_stopping_without_a_work_does_nothing(job):
    job.stop()
    assert job.version == 0
