"""`python -m cli` is the operator's command too."""

from cli.main import main

main()
