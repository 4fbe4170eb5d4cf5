"""The operator's command `regesta`.

Exit codes: 0 done; 1 refused by a service, with its reason; 2 wrong use or a setting that cannot be; 3 nothing answers;
130 interrupted.
"""

from __future__ import annotations

INTERRUPTED = 130


def main() -> None:
    """Run the command."""
    try:
        # Here, so that Ctrl-C while modules are still read is a clean end too.
        from cli.commands import run

        run()
    except KeyboardInterrupt as error:
        raise SystemExit(INTERRUPTED) from error
