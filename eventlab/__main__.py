"""``python -m eventlab`` is the ``eventlab`` command."""

from .cli import main

main()
