"""`python -m cli` is `quanzu`."""

from cli.main import main

main()
