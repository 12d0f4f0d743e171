"""Serve the portal and its built pages on one port."""

import os
import signal
import socket
import sys
from contextlib import closing
from pathlib import Path

from portal_app.db.engine import close, is_reachable
from portal_app.domain.access import nobody
from portal_app.domain.errors import UserError
from portal_app.settings import Settings, settings

ROOT = Path(__file__).resolve().parent.parent
WEB_ROOT = Path(os.environ.get("REFLEX_WEB_WORKDIR", ".web")) / "build" / "client"

_REFLEX = {
    "REFLEX_ENV_MODE": "prod",  # in other modes Reflex sends the page the whole error
    "REFLEX_SKIP_COMPILE": "true",
    "REFLEX_MOUNT_FRONTEND_COMPILED_APP": "true",
    "REFLEX_TELEMETRY_ENABLED": "false",
    "REFLEX_SOCKET_INTERVAL": "10",  # a dead connection is noticed after 20 seconds instead of 145
    "REFLEX_SOCKET_TIMEOUT": "10",
    "REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE": "262144",
}


def serve(*, workers: int = 1) -> None:
    """Serves until SIGTERM or Ctrl-C. SystemExit with one line where it cannot start."""
    ours = settings()
    if workers > 1 and not ours.redis_url.get_secret_value():
        raise SystemExit("portal: several processes need REDIS_URL")
    require_right_database()
    close()  # the serving processes are forked and must not share a connection
    _require_free(ours.bind, ours.port)
    if not (WEB_ROOT / "index.html").exists():
        raise SystemExit("portal: the pages are not built yet; run: .venv/bin/python scripts/build.py")
    prepare(ours)
    _run(ours, workers)


def require_right_database() -> None:
    """Check the database before it is served. SystemExit with one line where it cannot be reached, is not of this
    mode (services/practice/installation.py) or holds no practice yet (services/practice/details.py).
    """
    from portal_app.i18n import translate  # noqa: PLC0415
    from portal_app.services.practice.details import require_practice  # noqa: PLC0415
    from portal_app.services.practice.installation import require_database_of_mode  # noqa: PLC0415

    if not is_reachable():
        raise SystemExit("portal: the database does not answer. Is it running, and is DATABASE_URL right?")
    try:
        require_database_of_mode(nobody())
        require_practice(nobody())
    except UserError as refusal:
        raise SystemExit(f"portal: {translate('en', refusal.message, **refusal.values)}") from None


def prepare(ours: Settings) -> None:
    """Sets what Reflex reads from the environment."""
    for name, value in _REFLEX.items():
        internal = name in ("REFLEX_SKIP_COMPILE", "REFLEX_MOUNT_FRONTEND_COMPILED_APP")
        os.environ["__" + name if internal else name] = value
    if ours.redis_url.get_secret_value():
        os.environ.setdefault("REFLEX_IGNORE_REDIS_CONFIG_ERROR", "1")


def _run(ours: Settings, workers: int) -> None:
    from granian.constants import Interfaces  # noqa: PLC0415  (only whoever serves needs a server)
    from granian.log import LogLevels  # noqa: PLC0415
    from granian.server import Server  # noqa: PLC0415

    from portal_app.logs import DICT_CONFIG  # noqa: PLC0415

    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    Server(
        target="portal_app.portal_app:app",
        factory=True,
        address=ours.bind,
        port=ours.port,
        interface=Interfaces.ASGI,
        workers=workers,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
        log_dictconfig=DICT_CONFIG,
        websockets=True,
    ).serve()


def _require_free(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as reason:
            raise SystemExit(f"portal: port {port} on {host} cannot be used: {reason.strerror}") from None


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    serve()
