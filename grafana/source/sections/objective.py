"""How fresh: the objective, and what is left of its budget."""

from __future__ import annotations

from grafana.source.board import Section
from grafana.source.panels import Query, lines, stat
from grafana.source.queries import BUDGET_LEFT, FRESH, SLO, while_scraped
from grafana.source.style import BAD, GOOD, SHARE, WARN, Levels

OBJECTIVE = Section(
    "How fresh: objective and error budget",
    (
        stat(
            "Fresh now",
            "Share of the meters whose last sample is no older than three of its intervals and ten seconds.",
            Query(FRESH),
            unit="percentunit",
            empty="no meter yet",
            levels=SHARE,
            width=8,
        ),
        stat(
            "Fresh, time range",
            f"The same, on average over the time range of the page. The objective is {SLO:.0%}.",
            Query(while_scraped(f"avg_over_time({FRESH}[$__range])")),
            unit="percentunit",
            empty="no meter yet",
            levels=SHARE,
            width=8,
        ),
        stat(
            "Error budget left",
            f"Of the {1 - SLO:.0%} of thirty days' meter time that may be without a fresh sample: what is left. Below "
            "zero the objective is missed.",
            Query(while_scraped(BUDGET_LEFT)),
            unit="percentunit",
            empty="no meter yet",
            levels=Levels(BAD, ((0, WARN), (0.25, GOOD))),
            width=8,
        ),
        lines(
            "Freshness",
            f"Share of the meters whose last sample is fresh. The dashed line is the objective, {SLO:.0%}.",
            Query(FRESH, "fresh"),
            unit="percentunit",
            levels=Levels(BAD, ((SLO, GOOD),)),
            bounds=(None, 1),
            width=24,
        ),
    ),
    is_open=False,
)
