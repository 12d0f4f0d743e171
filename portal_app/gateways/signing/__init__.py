"""The practice's seal on PDFs: its key, sealing, and finding seals in files."""
