"""What is counted for whoever watches: Prometheus metrics. One registry per running bot."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from handlers.messages import Checked, Event, Happened, Platform

# With what webhooks are refused, and why answers do not leave (`handlers.exchange.deliver`).
REFUSALS = (400, 401, 413, 503)
CAUSES = ("unreachable", "too_fast", "refused", "put_off", "given_up", "broken", "moved")


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # Memory, processor time, open files, since when: `process_…`.
        ProcessCollector(registry=self.registry)
        self.asked = Counter("rutan_asked", "Texts checked", ["level", "platform"], registry=self.registry)
        self.happened = Counter(
            "rutan_happened", "Other things people did", ["name", "platform"], registry=self.registry
        )
        self.received = Counter("rutan_received", "Messages put into the inbox", ["platform"], registry=self.registry)
        self.doubles = Counter("rutan_doubles", "Deliveries seen before", ["platform"], registry=self.registry)
        self.refused = Counter("rutan_refused", "Webhook calls refused", ["platform", "status"], registry=self.registry)
        self.webhook_seconds = Histogram(
            "rutan_webhook_seconds",
            "From a webhook call's arrival to our 200: the message is on the disk",
            ["platform"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5),
            registry=self.registry,
        )
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
        self.inbox = Gauge(
            "rutan_inbox_depth",
            "Messages received and not yet answered, by urgency, in the whole house",
            ["urgency"],
            registry=self.registry,
        )
        self.oldest = Gauge(
            "rutan_inbox_oldest_seconds", "How long the oldest of them has waited", registry=self.registry
        )
        self.in_hand = Gauge("rutan_inbox_in_hand", "Messages that this process has in hand", registry=self.registry)
        self.shards = Gauge("rutan_shards_held", "Of 64: whose people this process answers", registry=self.registry)
        self.processes = Gauge("rutan_processes_living", "Processes that share the answering", registry=self.registry)
        self.leading = Gauge(
            "rutan_leading", "1 in the process that runs the jobs by the clock", registry=self.registry
        )
        self.outbox = Gauge("rutan_outbox_depth", "Answers written and not yet sent", registry=self.registry)
        self.oldest_letter = Gauge(
            "rutan_outbox_oldest_seconds",
            "How long the oldest answer that should have left has waited",
            registry=self.registry,
        )
        self.cases_open = Gauge("rutan_cases_open", "Cases that wait for an official", registry=self.registry)
        self.cases_overdue = Gauge(
            "rutan_cases_overdue", "Cases whose promised day is over without a decision", registry=self.registry
        )
        self.jobs_failed = Counter(
            "rutan_jobs_failed", "Jobs by the clock that failed and will come again", ["job"], registry=self.registry
        )
        self.store_waiting = Gauge(
            "rutan_store_waiting", "Reads and writes of this process that wait for the database", registry=self.registry
        )
        self.database_up = Gauge("rutan_database_up", "1 while the database answers", registry=self.registry)
        self.database_bytes = Gauge(
            "rutan_database_bytes", "Size of the SQLite file and its log; 0 with PostgreSQL", registry=self.registry
        )
        self.disk_free = Gauge(
            "rutan_disk_free_bytes", "Free where the SQLite file lies; 0 with PostgreSQL", registry=self.registry
        )
        self.backed_up = Gauge(
            "rutan_last_backup_timestamp_seconds",
            "When `rutan backup` last ended well; 0: never",
            registry=self.registry,
        )
        self.clock_jump = Gauge(
            "rutan_clock_jump_seconds",
            "How far the clock was put forward (or back) since the start",
            registry=self.registry,
        )
        self.knowledge = Gauge("rutan_knowledge", "1 for the knowledge in use", ["version"], registry=self.registry)

        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """What has not happened yet is 0 and not unknown: else nobody would see the first time as a rise."""
        for platform in (Platform.LINE, Platform.TELEGRAM):
            self.received.labels(platform.value)
            self.webhook_seconds.labels(platform.value)
            for status in REFUSALS:
                self.refused.labels(platform.value, str(status))
            for cause in CAUSES:
                self.send_failures.labels(platform.value, cause)
        for platform in Platform:
            self.answer_seconds.labels(platform.value)

    def count(self, events: tuple[Event, ...], platform: Platform) -> None:
        for event in events:
            if isinstance(event, Checked):
                self.asked.labels(event.level.value, platform.value).inc()
            elif isinstance(event, Happened):
                self.happened.labels(event.name, platform.value).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)
