"""Which connectors are checked, and what they lack here. Called as a program, it prints their Debian packages."""

import functools
import os
import shutil
import subprocess

import papers  # noqa: F401 # its entries
from entries import ENTRIES

NODE = 18  # the oldest that each package of npm's takes


def chosen():
    """What CONNECTORS names: all, some by name, or by default those that take no minutes to install."""
    words = os.environ.get("CONNECTORS", "").split()
    if unknown := set(words) - set(ENTRIES) - {"all"}:
        raise SystemExit(f"check.sh: no such connectors: {' '.join(sorted(unknown))}; there are {' '.join(ENTRIES)}")
    return [one for one in ENTRIES.values()
            if one.name in words or "all" in words or not words and not one.is_heavy]


@functools.cache
def has_npm():
    if not shutil.which("npm") or not shutil.which("node"):
        return False
    version = subprocess.run(["node", "--version"], check=True, text=True, capture_output=True).stdout
    return int(version.removeprefix("v").split(".")[0]) >= NODE


def has_package(name):
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", name], text=True, check=False, capture_output=True)
    return done.stdout.endswith(" installed")


def lacks(one):
    """What a connector needs and this machine does not have, in words; empty if nothing."""
    lacking = [name for name in one.packages if not has_package(name)]
    if one.npm and not has_npm():
        lacking.append(f"nodejs (at least {NODE}) and npm")
    return ", ".join(lacking)


if __name__ == "__main__":
    packages = {name for one in chosen() for name in one.packages}
    if any(one.npm for one in chosen()) and not has_npm():
        packages |= {"nodejs", "npm"}
    print(*sorted(packages))
