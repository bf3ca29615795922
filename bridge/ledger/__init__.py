"""The ledger: which intervals and events of the meters' own histories are had, wanted or gone, and their back-fill."""
