"""How the framework is set up: what it would do otherwise is in docs/security.md."""

import ast
from pathlib import Path
from typing import Any

import pytest

from portal_app import serve
from portal_app.settings import settings

SOURCES = Path("portal_app")


def rxconfig(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> Any:
    """`rxconfig.py` as it comes out with these settings."""
    known = settings().model_copy(update=changed)
    monkeypatch.setattr("portal_app.settings.settings", lambda: known)
    namespace: dict[str, Any] = {}
    exec(compile(Path("rxconfig.py").read_text(), "rxconfig.py", "exec"), namespace)  # noqa: S102  (our own file)
    return namespace["config"]


def test_only_our_own_address_may_call_and_only_this_machine_listens(monkeypatch: pytest.MonkeyPatch):
    config = rxconfig(monkeypatch, public_url="https://my.juniper.example")
    assert list(config.cors_allowed_origins) == ["https://my.juniper.example"]
    assert config.backend_host == "127.0.0.1"
    assert config.trusted_proxy_hops == 0


def test_it_tells_nobody_of_us_and_shows_no_badge(monkeypatch: pytest.MonkeyPatch):
    config = rxconfig(monkeypatch)
    assert config.telemetry_enabled is False
    assert config.show_built_with_reflex is False


def test_what_is_on_a_screen_is_kept_in_memory_or_redis_and_never_on_disk(monkeypatch: pytest.MonkeyPatch):
    """Reflex's own choice is a is_valid_frame file for each page."""
    assert str(rxconfig(monkeypatch).state_manager_mode) == "memory"
    config = rxconfig(monkeypatch, redis_url=type(settings().redis_url)("redis://127.0.0.1:1/0"))
    assert str(config.state_manager_mode) == "redis"
    assert config.redis_token_expiration <= 900
    assert not Path(".states").exists()


def test_it_is_served_as_in_production(monkeypatch: pytest.MonkeyPatch):
    """Else it sends the words of an error to the page; and a dead line would be noticed in 145 seconds."""
    for name in list(serve._REFLEX):
        monkeypatch.setenv(name, "")
        monkeypatch.setenv("__" + name, "")
    serve.prepare(settings())
    said = {name: value for name in serve._REFLEX if (value := serve.os.environ.get(name))}
    assert said["REFLEX_ENV_MODE"] == "prod"
    assert said["REFLEX_TELEMETRY_ENABLED"] == "false"
    assert int(said["REFLEX_SOCKET_INTERVAL"]) + int(said["REFLEX_SOCKET_TIMEOUT"]) <= 20
    assert int(said["REFLEX_SOCKET_MAX_HTTP_BUFFER_SIZE"]) <= 262_144


CALLS = {"upload", "rx.upload", "Cookie", "LocalStorage", "SessionStorage"}


def test_no_upload_of_the_framework_and_nothing_of_a_browsers_storage_is_believed():
    """Who somebody is comes from the handshake; `rx.Cookie` and the like are whatever a client says."""
    found = []
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = (
                node.attr
                if isinstance(node, ast.Attribute)
                else node.id
                if isinstance(node, ast.Name)
                else ""
            )
            if name in CALLS and isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "rx":
                found.append(f"{path}:{node.lineno} rx.{name}")
    assert found == []


def test_no_handler_takes_whatever_comes_and_none_writes_what_it_is_told_to():
    """`**kwargs` would pass everything, `setattr` from a form would set a state's own secrets."""
    loose = []
    for path in (SOURCES / "state").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "setattr":
                loose.append(f"{path}:{node.lineno} setattr")
            if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) and node.args.kwarg:
                events = [ast.unparse(each) for each in node.decorator_list]
                loose += [f"{path}:{node.lineno} **" for each in events if each.startswith("rx.event")]
    assert loose == []


def test_every_handler_is_async():
    """A plain one would hold up everybody who is served by the process."""
    plain = []
    for path in (SOURCES / "state").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                events = [ast.unparse(each) for each in node.decorator_list]
                plain += [
                    f"{path}:{node.lineno} {node.name}" for each in events if each.startswith("rx.event")
                ]
    assert plain == []
