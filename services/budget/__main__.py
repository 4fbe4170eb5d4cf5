"""Run it: `python -m services.budget api|worker|all|install|migrate|rebuild|refill|doctor`."""

import sys

from contracts.evidence import VARIABLE, OrderWrong
from regesta.main import main

try:
    from services.budget.app import SERVICE
except OrderWrong as error:
    sys.exit(f"{VARIABLE}: {error}")
main(SERVICE)
