"""A carrier and a town, over the wire only; imports nothing of ours."""
