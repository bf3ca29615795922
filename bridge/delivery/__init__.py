"""Delivery: from samples to ThingsBoard, losing none. Knows nothing of meters."""
