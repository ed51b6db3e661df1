"""A lock on an open file. The system takes it back when the process dies, however it dies."""

import logging
import os
from typing import IO

if os.name == "nt":
    import msvcrt
else:
    import fcntl

log = logging.getLogger("tps_portrait")


def lock(file: IO[bytes]) -> bool:
    """Locks the file until it is closed; False if it is locked already, here or elsewhere.

    It must be empty, and stay so: what is locked can't be read on Windows.
    """
    try:
        if os.name == "nt":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # on Linux and Mac; on Windows
        return False
    except OSError as error:  # some network folders know no locks: no reason not to work there
        log.warning("%s: can't be locked (%s); don't use it twice at a time", file.name, error)
    return True
