"""Limits of files of copies."""

LARGEST_MB = 20  # of a file at /verify; a copy of forty pages has less than one
SCAN_AT_MOST = 10  # MB, of an agreement that was signed on paper
