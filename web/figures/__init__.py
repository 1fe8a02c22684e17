"""Figures as files: tidy CSV for programs, XLSX laid out as offices print their tables."""
