"""ThingsBoard, asked over its REST API: what it has, set against what it should have."""
