"""`rutan demo`: every page alive, with invented data."""

from __future__ import annotations

import click

from bot.commands.common import clearly


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8090, show_default=True, type=click.IntRange(1, 65535))
@clearly
def demo(host: str, port: int) -> None:
    """Serve three invented months until stopped, and print links that sign you in at the desk.

    Nothing of it touches your own database or platforms, and everything is gone when it stops.
    """
    import asyncio

    from bot.demo import serve

    asyncio.run(serve(host, port))
