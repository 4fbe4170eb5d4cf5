"""Random but valid histories of the three logs that reporting takes in: what real officers would record, in any order."""

from __future__ import annotations

from tests.services.reporting import officers, treasury
from tests.services.reporting.past import Past


class History(Past):
    """A history that grows."""

    def grow(self, steps: int) -> History:
        """Take some random steps."""
        for _ in range(steps):
            self.random.choice((*officers.STEPS, *treasury.STEPS))(self)
        return self
