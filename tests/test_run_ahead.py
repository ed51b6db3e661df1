import itertools
import threading
import time
from contextlib import closing

import pytest

from tps_portrait.tps_core.videos.run_ahead import run_ahead


def test_the_items_come_in_order():
    assert list(run_ahead(iter(range(20)), 3)) == list(range(20))


def test_it_works_ahead_but_no_farther_than_allowed():
    made = []

    def items():
        for number in itertools.count():
            made.append(number)
            yield number

    with closing(run_ahead(items(), 4)) as ahead:
        assert next(ahead) == 0
        deadline = time.monotonic() + 5
        while len(made) < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        assert len(made) == 6  # the one taken, four that wait, and one that finds no room


def test_an_error_comes_out_where_the_item_would_have():
    def items():
        yield 1
        raise ValueError("broken")

    ahead = run_ahead(items(), 4)
    assert next(ahead) == 1
    with pytest.raises(ValueError, match="broken"):
        next(ahead)


def test_closing_it_ends_the_thread():
    threads = threading.active_count()
    ahead = run_ahead(itertools.count(), 2)
    next(ahead)
    ahead.close()
    assert threading.active_count() == threads
