"""`python -m zenata`."""

from zenata.cli import main

main()
