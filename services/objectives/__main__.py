"""Run it: `python -m services.objectives api|worker|all|install|migrate|rebuild|refill|doctor`."""

from regesta.main import main
from services.objectives.app import SERVICE

main(SERVICE)
