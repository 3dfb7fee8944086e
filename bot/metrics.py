"""What is counted for whoever watches: Prometheus metrics. One registry per running bot."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from handlers.messages import Checked, Event, Happened, Platform


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.asked = Counter("rutan_asked", "Texts checked", ["level", "platform"], registry=self.registry)
        self.happened = Counter(
            "rutan_happened", "Other things people did", ["name", "platform"], registry=self.registry
        )
        self.received = Counter("rutan_received", "Messages put into the inbox", ["platform"], registry=self.registry)
        self.doubles = Counter("rutan_doubles", "Deliveries seen before", ["platform"], registry=self.registry)
        self.refused = Counter("rutan_refused", "Webhook calls refused", ["platform", "status"], registry=self.registry)
        self.answer_seconds = Histogram(
            "rutan_answer_seconds",
            "From the receipt of a message to its answer having left",
            ["platform"],
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 10, 15, 30, 60),
            registry=self.registry,
        )
        self.send_failures = Counter(
            "rutan_send_failures",
            "Sends that did not go through, by cause",
            ["platform", "cause"],
            registry=self.registry,
        )
        self.broken = Counter(
            "rutan_turns_broken", "Turns that failed inside and were apologised for", registry=self.registry
        )
        self.inbox = Gauge("rutan_inbox_depth", "Messages received and not yet answered", registry=self.registry)
        self.outbox = Gauge("rutan_outbox_depth", "Answers written and not yet sent", registry=self.registry)
        self.knowledge = Gauge("rutan_knowledge", "1 for the knowledge in use", ["version"], registry=self.registry)

    def count(self, events: tuple[Event, ...], platform: Platform) -> None:
        for event in events:
            if isinstance(event, Checked):
                self.asked.labels(event.level.value, platform.value).inc()
            elif isinstance(event, Happened):
                self.happened.labels(event.name, platform.value).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)
