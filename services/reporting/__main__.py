"""Run reporting: `python -m services.reporting api|worker|all|install|migrate|rebuild|refill|doctor`."""

from regesta.main import main
from services.reporting.app import SERVICE

main(SERVICE)
