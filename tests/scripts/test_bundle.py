"""What we change of Reflex's front-end build."""

import pytest
from reflex.utils.frontend_skeleton import _compile_vite_config

import rxconfig
from portal_app.bundle import PLAIN_JSX, SmallBundle, change_vite_config


def test_the_installed_reflex_has_a_place_for_every_change():
    made = change_vite_config(_compile_vite_config(rxconfig.config))
    for name in ("lib", "icons", "shared"):
        assert f'name: "{name}"' in made
    assert f'"./{PLAIN_JSX}"' in made
    assert change_vite_config(made) == made


def test_a_configuration_without_a_place_is_an_error():
    text = _compile_vite_config(rxconfig.config).replace("alias: [", "aliases: [")
    with pytest.raises(RuntimeError, match="has changed"):
        change_vite_config(text)


def test_the_build_uses_it():
    assert any(isinstance(plugin, SmallBundle) for plugin in rxconfig.config.plugins)
