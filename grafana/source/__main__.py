"""Write every dashboard where Grafana's provisioning finds it. Run it after a change of the source."""

from __future__ import annotations

from pathlib import Path

from grafana.source.bridge import FILES

DASHBOARDS_DIR = Path(__file__).parent.parent / "dashboards"

if __name__ == "__main__":
    for name, dashboard in FILES.items():
        (DASHBOARDS_DIR / name).write_text(dashboard.text(), encoding="utf-8")
