"""The doors, one file a noun."""
