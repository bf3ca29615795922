"""Meters: from a TCP connection to samples. Knows nothing of delivery."""
