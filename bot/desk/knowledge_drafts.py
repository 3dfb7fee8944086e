"""Drafts of the knowledge: written by form, checked as files are, tried on messages, approved by a second person."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bot.desk.frame import Desk
from bot.desk.knowledge_deciding import Deciding
from bot.desk.knowledge_kit import Kit
from bot.desk.knowledge_writing import Writing
from bot.live_knowledge import Workbench
from bot.store.revisions import Revisions
from handlers.officials import Official, Role


def add(desk: Desk, revisions: Revisions, bench: Workbench) -> None:
    """Register the pages and their forms."""
    kit = Kit(desk, revisions, bench)
    writing, deciding = Writing(kit), Deciding(kit)

    @desk.page("/knowledge/new/{kind}", Role.EDITOR)
    async def new(request: Request, official: Official) -> Response:
        return writing.new(request, official)

    @desk.page("/knowledge/new/{kind}", Role.EDITOR, methods=("POST",))
    async def begin_new(request: Request, official: Official) -> Response:
        return await writing.begin_new(request, official)

    @desk.page("/knowledge/{kind}/{name}/change", Role.EDITOR)
    async def change(request: Request, official: Official) -> Response:
        return await writing.change(request, official)

    @desk.page("/knowledge/{kind}/{name}/change", Role.EDITOR, methods=("POST",))
    async def begin_change(request: Request, official: Official) -> Response:
        return await writing.begin_change(request, official)

    @desk.page("/knowledge/{kind}/{name}/retire", Role.EDITOR, methods=("POST",))
    async def retire(request: Request, official: Official) -> Response:
        return await writing.retire(request, official)

    @desk.page("/knowledge/{kind}/{name}/restore", Role.EDITOR, methods=("POST",))
    async def restore(request: Request, official: Official) -> Response:
        return await writing.restore(request, official)

    @desk.page("/knowledge/draft/{id}")
    async def draft(request: Request, official: Official) -> Response:
        return await deciding.draw(request, official)

    @desk.page("/knowledge/draft/{id}/edit", Role.EDITOR)
    async def edit(request: Request, official: Official) -> Response:
        return await writing.edit(request, official)

    @desk.page("/knowledge/draft/{id}/edit", Role.EDITOR, methods=("POST",))
    async def save(request: Request, official: Official) -> Response:
        return await writing.save(request, official)

    @desk.page("/knowledge/draft/{id}/try", Role.EDITOR, methods=("POST",))
    async def try_out(request: Request, official: Official) -> Response:
        return await deciding.try_out(request, official)

    @desk.page("/knowledge/draft/{id}/ask", Role.EDITOR, methods=("POST",))
    async def ask(request: Request, official: Official) -> Response:
        return await deciding.ask(request, official)

    @desk.page("/knowledge/draft/{id}/drop", Role.EDITOR, methods=("POST",))
    async def drop(request: Request, official: Official) -> Response:
        return await deciding.drop(request, official)

    @desk.page("/knowledge/draft/{id}/return", Role.APPROVER, methods=("POST",))
    async def send_back(request: Request, official: Official) -> Response:
        return await deciding.send_back(request, official)

    @desk.page("/knowledge/draft/{id}/approve", Role.APPROVER, methods=("POST",))
    async def approve(request: Request, official: Official) -> Response:
        return await deciding.approve(request, official)
