"""The officials' desk under /desk: pages drawn on the server, for people who are not technical."""

from __future__ import annotations

from fastapi import FastAPI

from bot.desk import (
    account,
    bulletins,
    campaigns,
    case,
    forwarded,
    hubs,
    knowledge,
    people,
    queue,
    signin,
    takedowns,
    today,
    trends,
)
from bot.desk.frame import Desk
from bot.running import Running

# In the order of the navigation.
PAGES = (
    signin,
    account,
    today,
    queue,
    case,
    trends,
    bulletins,
    campaigns,
    takedowns,
    hubs,
    forwarded,
    knowledge,
    people,
)


def mount(app: FastAPI, bot: Running, *, demo: bool = False) -> Desk:
    """Add the desk's pages to the application. `demo`: its data are invented, and every page says so."""
    desk = furnished(bot, demo=demo)
    app.router.routes.extend(desk.routes())
    return desk


def furnished(bot: Running, *, demo: bool = False) -> Desk:
    """The desk with all of its pages."""
    desk = Desk(bot, demo=demo)
    for module in PAGES:
        module.add(desk)
    return desk
