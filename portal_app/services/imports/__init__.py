"""The practice's own records come in: CSV or FHIR files, as often as one likes (docs/import.md)."""

from portal_app.services.imports.run import run_import

__all__ = ["run_import"]
