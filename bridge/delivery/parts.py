"""Parts: what delivery is made of, in one place for those who bring it together. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.delivery.confirmation.protocol import Confirmation
    from bridge.delivery.introductions import Introductions
    from bridge.delivery.metrics import DeliveryMetrics
    from bridge.delivery.questions import Questions
    from bridge.delivery.rate_limits import RateLimits
    from bridge.delivery.renames import Renames
    from bridge.delivery.replies import Replies
    from bridge.delivery.reports import Reports
    from bridge.delivery.send_queue import SendQueue
    from bridge.delivery.sending import Sending
    from bridge.delivery.shared_attributes import SharedAttributes
    from bridge.delivery.upstream import Upstream
    from bridge.delivery.upstream_watch import UpstreamWatch


@dataclass(frozen=True, slots=True)
class Parts:
    """See each one's own file.

    Args:
        upstream: how it gets there.
        confirmation: when a sample counts as stored.
        limits: how much passes.
        queue: which samples go next.
        introductions: which devices ThingsBoard has.
        reports: what is told besides samples.
        replies: what is answered to calls.
        renames: which names no device may be introduced by now.
        shared: what ThingsBoard sets of the meters.
        questions: what is asked about the gateway.
        sending: what is on the way.
        watch: what is known of the way to ThingsBoard.
        metrics: the upstream's figures.
        has_thingsboard: whether there is an upstream beyond the local broker.
        knows_devices: whether devices have to be introduced: behind a gateway.
    """

    upstream: Upstream
    confirmation: Confirmation
    limits: RateLimits
    queue: SendQueue
    introductions: Introductions
    reports: Reports
    replies: Replies
    renames: Renames
    shared: SharedAttributes
    questions: Questions
    sending: Sending
    watch: UpstreamWatch
    metrics: DeliveryMetrics
    has_thingsboard: bool
    knows_devices: bool
