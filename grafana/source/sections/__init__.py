"""The parts that dashboards are put together from, one file each."""
