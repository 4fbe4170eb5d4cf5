"""Run it: `python -m services.kpi api|worker|all|install|migrate|rebuild|refill|doctor`."""

from regesta.main import main
from services.kpi.app import SERVICE

main(SERVICE)
