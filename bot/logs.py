"""Structured logs: what happened, in our words, with ids. Never a citizen's text, never a secret."""

from __future__ import annotations

import logging
import sys

import structlog

from bot.settings import LogFormat, Settings

# These libraries log addresses with tokens in them, or whole bodies.
TALKATIVE = ("httpx", "httpcore", "telegram", "linebot", "aiohttp", "apscheduler", "uvicorn.access", "asyncio")


def set_up(settings: Settings) -> None:
    """Send our logs and the libraries' warnings to standard error, for people or as JSON lines."""
    level = getattr(logging, settings.log_level.upper())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json = settings.log_format is LogFormat.JSON
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, _trace_without_words, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(_StandardError()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


class _StandardError:
    """Standard error as it is at the moment of writing."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def _trace_without_words(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A trace keeps where it happened, not what was being worked on: an exception's text may quote a citizen."""
    trouble = event.pop("exc_info", None)
    if trouble is True:
        trouble = sys.exc_info()[1]
    if isinstance(trouble, BaseException):
        event["error"] = type(trouble).__name__
        event["where"] = _places(trouble)
    return event


def _places(trouble: BaseException) -> list[str]:
    places = []
    trace = trouble.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-6:]
