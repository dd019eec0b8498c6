"""Copy a lock file from stdin to stdout without one package: ``without.py NAME``."""

import sys


def without(lines: list[str], name: str) -> list[str]:
    """Return the lines of a lock file without the requirement ``name`` and its hashes."""
    kept: list[str] = []
    dropping = False
    for line in lines:
        if line and not line[0].isspace() and not line.startswith("#"):
            dropping = line.replace("_", "-").lower().startswith(f"{name}==")
        if not dropping:
            kept.append(line)
    return kept


if __name__ == "__main__":
    sys.stdout.writelines(without(sys.stdin.readlines(), sys.argv[1]))
