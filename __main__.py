"""``python -m klaster``."""

from klaster.cli import main

main()
