"""The passwords of the demo's staff: made at random for each installation, kept in its data folder.

Whoever can read the data folder can read the file: the demo's signing key is there too.
"""

import json
import os
import secrets
from pathlib import Path

FILE = "demo-passwords.json"
_WORDS = """
    acorn amber apple apron arrow badge bagel banjo barley basil beach berry birch bread brick brook brush
    bucket butter button cabin camel candle canoe carrot cedar chair cherry circle clover coast cocoa comet
    copper coral cotton cricket daisy desert donkey dragon drum eagle engine fabric feather fern field flute
    forest garden ginger glacier grape guitar hammer harbor hazel helmet honey island ivory jacket jungle
    kettle kitten ladder lagoon lemon lettuce lilac lizard magnet mango maple marble meadow melon mirror
    mitten moose muffin nickel nutmeg oasis ocean olive orchid otter oyster paddle panda paper parrot peach
    pebble pepper pillow planet pocket pony potato puddle pumpkin rabbit radio raven ribbon river robin
    rocket saddle salmon sandal shadow silver spoon squirrel sunset table teapot thunder tiger tomato tulip
    turtle velvet violin walnut whistle willow window zebra
""".split()  # noqa: SIM905  (a list of strings is 130 lines)
_LENGTH = 5  # words: 35 bits, and a sign-in is locked after a few wrong tries


def new_password() -> str:
    """Five words to read and type, like `otter-lemon-canoe-walnut-drum`."""
    return "-".join(secrets.choice(_WORDS) for _ in range(_LENGTH))


def passwords_in(folder: Path) -> dict[str, str]:
    """Passwords by email; {} where no demo was loaded yet."""
    try:
        return dict(json.loads((folder / FILE).read_text("utf-8")))
    except FileNotFoundError:
        return {}


def keep_passwords(folder: Path, passwords: dict[str, str]) -> None:
    """Replaces the file in one step; only its owner can read it."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / f".{FILE}.{secrets.token_hex(4)}"
    with os.fdopen(
        os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(passwords, file, indent=1)
        file.write("\n")
    whole.replace(folder / FILE)
