"""The commands of `portal …`, one module per noun; `portal_app/cli.py` puts them together.

Services are imported inside the command that needs them: `portal --help` answers at once.
"""
