"""What differs in our front-end build from Reflex's own: fewer files for a page, and less script.

Used by `rxconfig.py` through Reflex's plugin hooks. Every change looks for the text it replaces and fails where
it is not there, so that a new Reflex cannot lose one in silence.
"""

from typing import Any

from reflex.plugins import Plugin

VITE_CONFIG = "vite.config.js"
PLAIN_JSX = "plain-jsx.js"

# One file for the libraries, one for the icons, one for what all pages share: 10 requests instead of 23.
_LIBRARIES = (
    "react|react-dom|scheduler|react-router|@react-router|react-error-boundary|socket\\.io-client|"
    "socket\\.io-parser|engine\\.io-client|engine\\.io-parser|@socket\\.io|universal-cookie|cookie|"
    "set-cookie-parser|debug|ms"
)
_GROUPS_BEFORE = """              name: "reflex-env",
            },
"""
_GROUPS = (
    _GROUPS_BEFORE
    + rf"""            {{ test: /node_modules[\\/]({_LIBRARIES})[\\/]/, name: "lib" }},
            {{ test: /node_modules[\\/]lucide/, name: "icons" }},
            {{ test: /(utils[\\/](context|state|helpers|theme|components)|reflex-build|\$\/utils)/, name: "shared" }},
"""
)

# Reflex makes every element by Emotion, 7 KB of script, for the sake of its `css` property. Our styles are
# Tailwind's classes; what is left of `css` are plain attributes of icons.
_ALIAS_BEFORE = """    alias: [
"""
_ALIAS = (
    _ALIAS_BEFORE
    + f"""      {{
        find: "@emotion/react",
        replacement: fileURLToPath(new URL("./{PLAIN_JSX}", import.meta.url)),
      }},
"""
)
_JSX = """import { createElement } from "react";

export { Fragment } from "react";
export const jsx = (type, props, ...children) => {
  if (!props?.css) return createElement(type, props, ...children);
  const { css, ...rest } = props;
  return createElement(type, { ...rest, style: { ...css, ...rest.style } }, ...children);
};
"""


class SmallBundle(Plugin):
    """Changes the build's configuration before each compile."""

    def pre_compile(self, **context: Any) -> None:
        context["add_save_task"](lambda: (PLAIN_JSX, _JSX))
        context["add_modify_task"](VITE_CONFIG, change_vite_config)


def change_vite_config(text: str) -> str:
    """Reflex's vite.config.js with our changes; the same text where they are made already.

    Raises:
        RuntimeError: Reflex's file has no place for one of them.
    """
    for before, after in ((_GROUPS_BEFORE, _GROUPS), (_ALIAS_BEFORE, _ALIAS)):
        if after in text:
            continue
        if before not in text:
            raise RuntimeError(f"{VITE_CONFIG} has changed: {before.strip()!r} is not in it")
        text = text.replace(before, after, 1)
    return text
