"""Commissioning: what a technician runs by hand before and after the bridge runs by itself."""
