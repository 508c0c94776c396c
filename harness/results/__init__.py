"""Run folders: records, reading, provenance."""
