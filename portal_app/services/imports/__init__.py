"""The practice's own records come in: CSV or FHIR files, as often as one likes (docs/import.md)."""
