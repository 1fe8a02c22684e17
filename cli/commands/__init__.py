"""The verbs, by what they are for."""
