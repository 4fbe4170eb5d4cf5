"""Run it: `python -m services.objectives api|worker|all|install|migrate|rebuild|refill|doctor`."""

import sys

from contracts.evidence import VARIABLE, OrderWrong
from regesta.main import main

try:
    from services.objectives.app import SERVICE
except OrderWrong as error:
    sys.exit(f"{VARIABLE}: {error}")
main(SERVICE)
