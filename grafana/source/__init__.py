"""What the dashboards are made from: ``python -m grafana.source`` writes ``grafana/dashboards/*.json``.

A dashboard's JSON is long and repeats itself; a person reviews the few lines here that say what it shows.
"""
