"""``python -m dotmac_diagnose`` is the command ``diagnose``."""

import sys

from dotmac_diagnose.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
