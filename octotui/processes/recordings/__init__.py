"""Recordings: samples kept in a file, and shown again."""
