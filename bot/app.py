"""build(settings) puts the concrete parts together. The only place that knows them all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from fastapi import FastAPI

from bot import (
    api,
    api_pages,
    bulletin_pages,
    desk,
    hub_pages,
    open_data_pages,
    press,
    results_pages,
    score,
    web,
    webchat,
)
from bot.feeds import pages as feeds
from bot.headers import Application
from bot.line import LineSender
from bot.live_knowledge import LiveKnowledge, swap
from bot.metrics import Metrics
from bot.pace import Gate
from bot.partners import description, edge, herald
from bot.running import Part, Running, SystemClock
from bot.settings import Settings, TelegramMode
from bot.store.revisions import Revisions
from bot.store.store import SqlStore
from bot.store.together import Duty, Topic, budgets, leadership
from bot.telegram import TelegramSender
from bot.telegram_polling import TelegramPolling
from handlers.errors import SendFailed
from handlers.limits import Allowance
from handlers.messages import Platform
from handlers.ports import Ports, Sender
from handlers.report import Terms

log = structlog.get_logger()


def build(settings: Settings, part: Part = Part.ALL, *, demo: bool = False) -> FastAPI:
    """The whole bot as one ASGI application; `app.state.bot` is the running bot once it has started. `demo`: its data are
    invented, and the desk says so."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with opened(settings, part) as bot:
            app.state.bot = bot
            app.router.routes.extend(web.routes(bot))
            api.mount(app, bot)
            api_pages.mount(app)
            webchat.mount(app, bot)
            app.state.desk = desk.mount(app, bot, demo=demo)
            score.mount(app, bot)
            hub_pages.mount(app, bot)
            bulletin_pages.mount(app, bot)
            feeds.mount(app, bot)
            open_data_pages.mount(app, bot)
            results_pages.mount(app, bot)
            yield

    app = Application(
        settings.public_url,
        title="Rutan · รู้ทัน",
        version="1",
        description=api.ABOUT,
        openapi_tags=api.TAGS,
        lifespan=lifespan,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # a page of our own: see api_pages.py
        redoc_url=None,
    )
    edge.install(app)
    app.add_middleware(web.Doorway)
    description.install(app)
    return app


@asynccontextmanager
async def opened(settings: Settings, part: Part) -> AsyncIterator[Running]:
    """A running bot; closed in the order opposite to that in which it was opened."""
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        store = SqlStore.open(settings.database_url, settings.keys(), clock, settings.timezone)
        stack.callback(store.close)
        budget = await stack.enter_async_context(budgets(settings.database_url, settings.telegram_sends_per_second))
        live = LiveKnowledge(Revisions(store.foundation))
        knowledge = await live.first()
        senders: dict[Platform, Sender] = {}
        terms = Terms(days=settings.retention_days, zone=settings.timezone)
        allowance = Allowance(settings.reports_per_day, settings.web_reports_per_day)
        bot = Running(
            settings,
            store,
            Ports(store, senders, clock, knowledge, terms, store.fingerprinter, allowance),
            Metrics(),
            part,
        )
        if budget.purses is not None:
            bot.doors.share(budget.purses, lambda who: store.foundation.identity.identifier("door", who))
        bot.signals.on(Topic.KNOWLEDGE, live.heard)
        bot.ports.home = settings.public_url if settings.public_url.startswith("https://") else ""
        for line in platforms_told(settings):
            log.info(line)
        await connect(settings, bot, senders, stack, budget.telegram)
        if part is not Part.WEB:
            at_press = press.opened(store.foundation, lambda: bot.ports.knowledge, settings, budget.telegram)
            for job in await stack.enter_async_context(at_press):
                bot.ticker.add(job)
            to_partners = herald.opened(store.foundation, lambda: bot.ports.knowledge, settings)
            for job in await stack.enter_async_context(to_partners):
                bot.ticker.add(job)
        await bot.start()
        stack.push_async_callback(bot.stop)
        await _in_background(live.watch(swap(bot.ports, bot.metrics)), stack)
        await _in_background(bot.signals.run(), stack)
        yield bot


async def connect(
    settings: Settings, bot: Running, senders: dict[Platform, Sender], stack: AsyncExitStack, gate: Gate
) -> None:
    """Open the way out to each platform that is on, Telegram's behind the gate, and Telegram's way in where no webhook reaches
    us."""
    if settings.line_on and settings.line_channel_access_token:
        token = settings.line_channel_access_token.get_secret_value()
        line = await stack.enter_async_context(LineSender.open(token, settings.line_api_url, pushing=bot.store.pushing))
        senders[Platform.LINE] = line
        await _in_background(learn_account(line, Platform.LINE, bot), stack)
    if settings.telegram_bot_token:
        token = settings.telegram_bot_token.get_secret_value()
        sender = await stack.enter_async_context(TelegramSender.open(token, settings.telegram_api_url, gate))
        senders[Platform.TELEGRAM] = sender
        await _in_background(learn_name(sender, bot), stack)
        await _in_background(learn_account(sender, Platform.TELEGRAM, bot), stack)
        if settings.telegram_reads_by is TelegramMode.POLLING and bot.part is not Part.WORK:
            asking = leadership(settings.database_url, Duty.ASKING_TELEGRAM)
            await _in_background(asking.run(lambda: None), stack)
            polling = TelegramPolling(token, bot.accept_updates, settings.telegram_api_url, asking.leads)
            stack.push_async_callback(polling.close)
            await _in_background(polling.run(), stack)


async def learn_name(sender: TelegramSender, bot: Running) -> None:
    """Ask Telegram what we are called (mentions in groups need it), however long Telegram takes to answer."""
    pause = 1.0
    while not bot.telegram_name:
        try:
            bot.telegram_name = await sender.username()
        except SendFailed as trouble:
            log.warning("Telegram did not say our name", reason=trouble.reason, again_in_seconds=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 60)


async def learn_account(sender: LineSender | TelegramSender, platform: Platform, bot: Running) -> None:
    """Ask a platform how people open a chat with us alone; until it says, groups are told without a button."""
    pause = 1.0
    while platform not in bot.ports.accounts:
        try:
            bot.ports.accounts[platform] = await sender.account()
        except SendFailed as trouble:
            log.debug("a platform did not say what we are called", platform=platform.value, reason=trouble.reason)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 300)


async def _in_background(work: Coroutine[None, None, None], stack: AsyncExitStack) -> None:
    """Run beside the rest, cancelled when the stack closes."""
    task = asyncio.create_task(work)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    stack.push_async_callback(end)


def platforms_told(settings: Settings) -> list[str]:
    """One line per platform: on, or off and which settings would turn it on."""
    line_told = (
        "LINE is on"
        if settings.line_on
        else "LINE is off: set LINE_CHANNEL_SECRET and LINE_CHANNEL_ACCESS_TOKEN to turn it on"
    )
    telegram_told = (
        f"Telegram is on ({settings.telegram_reads_by.value})"
        if settings.telegram_on
        else "Telegram is off: set TELEGRAM_BOT_TOKEN (and TELEGRAM_WEBHOOK_SECRET for webhooks) to turn it on"
    )
    return [line_told, telegram_told, f"The web chat is on: http://{settings.host}:{settings.port}/"]
