"""daybook-admin: how it ends, and what it says."""

# How daybook-admin ends.
DONE, REFUSED, USAGE, DATABASE = range(4)


def outcome(result):
    """Exit status of daybook-admin, and whether it spoke on stdout and stderr."""
    return result.returncode, bool(result.stdout), bool(result.stderr)
