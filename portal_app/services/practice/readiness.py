"""Whether this process can serve: for load balancers, which send nobody to one that cannot."""

import os
from pathlib import Path

from portal_app.db.engine import is_writable
from portal_app.gateways.bus import bus
from portal_app.settings import settings

LEAST_FREE = 20_000_000  # bytes: below that a database soon fails in the middle of a write


def find_obstacle() -> str:
    """What keeps this process from serving, in a word for the log; "" when nothing does."""
    if not is_writable():
        return "database"
    if (message_bus := bus()) is not None and not message_bus.is_answering():
        return "redis"
    return "" if has_room(settings().data_dir) else "disk"


def has_room(folder: Path, *, least: int = LEAST_FREE) -> bool:
    """Whether the folder can be written and its disk has `least` bytes and a free file left for us."""
    if not os.access(folder, os.W_OK):
        return False
    disk = os.statvfs(folder)
    has_files = disk.f_favail > 0 or disk.f_files == 0  # some file systems do not count files
    return disk.f_bavail * disk.f_frsize >= least and has_files
