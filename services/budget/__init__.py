"""Budget: lines and their credits, which objectives they serve, conventions, commitments, payments and receipts.

Streams: line, ledger, assignment, convention, commitment, receipt, forecast. It takes in objectives, to know which objectives
and dossiers exist.
"""
