"""One's own account: another password, another telephone. Both ask for the password and a code again."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import credentials
from bot.desk.frame import Desk, Form
from bot.store.doorkeeping import NotSignedIn, Slowed
from bot.store.officials import NotDone
from bot.store.own_account import OwnAccount, Proof
from handlers.officials import Official


def add(desk: Desk) -> None:
    """Register the pages."""
    own = OwnAccount(desk.officials)

    @desk.page("/me/password")
    async def password(request: Request, official: Official) -> Response:
        return _drawn(desk, request, official, "password")

    @desk.page("/me/password", methods=("POST",))
    async def change_password(request: Request, official: Official) -> Response:
        form = await desk.form(request)
        if form.get("password", "") != form.get("again", ""):
            return _drawn(desk, request, official, "password", trouble="welcome.differ")
        try:
            await own.change_password(official, _proof(form), form.get("password", ""), request.state.session)
        except (NotDone, NotSignedIn, Slowed) as refused:
            return _refused(desk, request, official, "password", refused)
        return desk.redirect("/desk/me", "account.password_changed")

    @desk.page("/me/app")
    async def app(request: Request, official: Official) -> Response:
        return _drawn(desk, request, official, "app")

    @desk.page("/me/app", methods=("POST",))
    async def another_app(request: Request, official: Official) -> Response:
        try:
            link = await own.another_app(official, _proof(await desk.form(request)))
        except (NotSignedIn, Slowed) as refused:
            return _refused(desk, request, official, "app", refused)
        # From here it is the way that everybody came in by: the picture, the first code, the recovery codes.
        return RedirectResponse(f"/desk/welcome/{link.token}?lang={official.language.value}", status_code=303)


def _proof(form: Form) -> Proof:
    return Proof(form.get("old", "")[:300], form.get("code", "")[:40])


def _refused(desk: Desk, request: Request, official: Official, which: str, refused: Exception) -> Response:
    if isinstance(refused, Slowed):
        minutes = -(-refused.seconds // 60)
        drawn = _drawn(desk, request, official, which, trouble="account.slowed", status=429, minutes=minutes)
        drawn.headers["Retry-After"] = str(refused.seconds)
        return drawn
    trouble = f"why.{refused.why.value}" if isinstance(refused, NotDone) else "account.wrong"
    return _drawn(desk, request, official, which, trouble=trouble)


def _drawn(
    desk: Desk,
    request: Request,
    official: Official,
    which: str,
    *,
    trouble: str = "",
    status: int = 0,
    minutes: int = 0,
) -> Response:
    return desk.draw(
        "account.html",
        request,
        official,
        status=status or (422 if trouble else 200),
        which=which,
        trouble=trouble,
        minutes=minutes,
        shortest=credentials.SHORTEST_PASSWORD,
    )
