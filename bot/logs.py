"""Structured logs: what happened, in our words, with ids. Never a citizen's text, never a secret."""

from __future__ import annotations

import logging
import re
import sys
from contextlib import suppress

import structlog

from bot.settings import LogFormat, Settings

# These libraries log addresses with tokens in them, or whole bodies.
TALKATIVE = ("httpx", "httpcore", "telegram", "linebot", "aiohttp", "apscheduler", "uvicorn.access", "asyncio")

# Our own values are words and ids; nothing that is longer helps anybody who reads a log.
LONGEST_VALUE = 500
# Errors of ours whose words say what to do, and quote nobody.
EXPLAINED = ("StoreFailed", "SettingsError")
_FRAME = re.compile(r'File "([^"]+)", line (\d+), in (\S+)')


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
        processors=[*shared, _trace_without_words, _on_one_line, last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(_StandardError()),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, _first_line_only, _trace_without_words, _on_one_line],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


class _StandardError:
    """Standard error as it is at the moment of writing. A line that cannot be written (a full disk, a closed pipe) is lost
    and costs nobody an answer."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            return sys.stderr.write(text)
        return 0

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stderr.flush()


def _trace_without_words(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A trace keeps where it happened, not what was being worked on: an exception's text may quote a citizen."""
    trouble = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if trouble is True:
        trouble = sys.exc_info()[1]
    if isinstance(trouble, tuple):  # as the libraries' logging has it
        trouble = trouble[1]
    if isinstance(trouble, BaseException):
        event["error"] = type(trouble).__name__
        event["where"] = _places(trouble)
    return event


def _first_line_only(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A library says what happened in its first line; in those below it shows what it was working on."""
    words = str(event["event"]).strip()
    event["event"] = words.partition("\n")[0]
    if words.startswith("Traceback"):  # as the server tells why it could not start
        kind, _, said = words.rpartition("\n")[2].partition(": ")
        name = kind.rpartition(".")[2]
        event["event"] = f"{name}: {said}" if name in EXPLAINED else name
        event["where"] = [f"{file.rsplit('/', 2)[-1]}:{line} {name}" for file, line, name in _FRAME.findall(words)[-6:]]
    return event


def _on_one_line(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Whatever came from outside (a name, an id, a path) can neither begin a line of its own, nor steer a terminal, nor turn
    the direction of writing, nor fill the disk."""
    return {name: _harmless(value) for name, value in event.items()}


def _harmless(value: object) -> object:
    if isinstance(value, str):
        return _visible(value[:LONGEST_VALUE] + "…" if len(value) > LONGEST_VALUE else value)
    if isinstance(value, list | tuple):
        return [_harmless(each) for each in value]
    if isinstance(value, dict):
        return {_visible(str(name)): _harmless(each) for name, each in value.items()}
    return value


def _visible(words: str) -> str:
    if words.isprintable():
        return words
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in words)


def _places(trouble: BaseException) -> list[str]:
    places = []
    trace = trouble.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-6:]
