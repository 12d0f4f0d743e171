"""The practice's accounting system: it gets each posted entry once, as a file or over HTTPS."""

import json
import os
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx
from pydantic import SecretStr

from portal_app.gateways.sending import Failed, Sending, Sent

_KNOWN_ALREADY = 409


class PracticeSystem(Protocol):
    def post_entry(self, entry: Mapping[str, Any], *, key: str) -> Sending:
        """Sends one entry as JSON. `key` identifies it: sent twice, it is stored once."""
        ...


@dataclass(frozen=True, slots=True)
class ExportFolder:
    """A file of one JSON line for each entry, named by its key, whole from the moment it is there."""

    path: Path

    def post_entry(self, entry: Mapping[str, Any], *, key: str) -> Sending:
        name = re.sub(r"[^\w-]", "", f"{entry.get('posted_on', '')}_{key}")
        unfinished = self.path / f".{name}.{secrets.token_hex(4)}"
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o750)
            with unfinished.open("x", encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self.path / f"{name}.jsonl")
        except OSError as trouble:
            with suppress(OSError):
                unfinished.unlink()
            return Failed(permanent=False, reason=f"the folder for exports: {trouble.strerror}")
        return Sent()


@dataclass(frozen=True, slots=True)
class ExportEndpoint:
    """Posts each entry; its key rides in the header `Idempotency-Key`."""

    url: str
    token: SecretStr
    seconds: float = 10.0

    def post_entry(self, entry: Mapping[str, Any], *, key: str) -> Sending:
        headers = {"Idempotency-Key": key}
        if secret := self.token.get_secret_value():
            headers["Authorization"] = f"Bearer {secret}"
        try:
            answer = httpx.post(self.url, json=dict(entry), headers=headers, timeout=self.seconds)
        except httpx.HTTPError as trouble:
            return Failed(permanent=False, reason=f"no answer ({type(trouble).__name__})")
        if answer.is_success or answer.status_code == _KNOWN_ALREADY:
            return Sent()
        return Failed(permanent=False, reason=f"it said no ({answer.status_code})")
