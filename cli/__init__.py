"""The command `quanzu`: composes the rooms."""
