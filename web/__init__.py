"""Doors: the HTTP API and the carriers' callbacks."""
