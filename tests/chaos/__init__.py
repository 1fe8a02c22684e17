"""The chaos campaign: our own servers and processes, hurt by a seed, then audited person by person."""
