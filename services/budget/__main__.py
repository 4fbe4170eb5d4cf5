"""Run it: `python -m services.budget api|worker|all|install|migrate|rebuild|refill|doctor`."""

from regesta.main import main
from services.budget.app import SERVICE

main(SERVICE)
