"""Policy notes, objectives and dossiers: what a programme wants, and the steps that lead there.

Streams: note/{slug}, objective/{id}, dossier/{id}, party/{id}. Takes in budget, for the advances that reach milestones.
"""
