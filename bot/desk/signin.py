"""The door of the desk: signing in and out, the one-time link's way to a password and a second factor, one's own sessions."""

from __future__ import annotations

import io
from contextlib import suppress

import segno
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import credentials
from bot.desk.frame import DOOR, HOME, Desk, Refused, own_path
from bot.doors import asking
from bot.sealing import SealBroken
from bot.store.doorkeeping import Crowded, NotSignedIn, Slowed, Try
from bot.store.officials import NotDone, Welcomed, Why
from content.models import Language
from handlers.officials import Official, Role

# Who has signed in from this browser before: other people's wrong tries do not slow them down here.
KNOWN = "rutan_desk_known"
KNOWN_SECONDS = 180 * 24 * 3600
# By what a browser calls itself; the first that fits. More of it is nobody's business.
_PROGRAMS = (
    ("Line/", "LINE"), ("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
_MACHINES = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"), ("Linux", "Linux"),
)  # fmt: skip


def add(desk: Desk) -> None:
    """Register the pages of the door."""
    _add_door(desk)
    _add_welcome(desk)
    _add_own(desk)


def _add_door(desk: Desk) -> None:
    @desk.open_page("/sign-in")
    async def door(request: Request) -> Response:
        wanted = own_path(request.query_params.get("next", HOME))
        if await desk.visit(request):
            return RedirectResponse(wanted, status_code=303)
        # A link from a chat or a letter: for the first step a browser keeps our cookie back, however signed in it is.
        from_outside = request.headers.get("sec-fetch-site") == "cross-site"
        return desk.draw("sign_in.html", request, None, next=wanted, name="", trouble="", from_outside=from_outside)

    @desk.open_page("/sign-in", methods=("POST",))
    async def sign_in(request: Request) -> Response:
        form = await desk.form(request)
        wanted, name = own_path(form.get("next", HOME)), form.get("name", "")[:200]
        tried = Try(
            name,
            form.get("password", ""),
            form.get("code", "")[:40],
            address=asking(request),
            device=device(request.headers.get("user-agent", "")),
            known_browser=_known(desk, request),
        )
        try:
            entry = await desk.doorkeeping.sign_in(tried)
        except NotSignedIn:
            return _again(desk, request, 401, wanted, name, desk_says="sign_in.wrong")
        except Crowded as crowd:
            return _again(desk, request, 429, wanted, name, desk_says="sign_in.crowded", seconds=crowd.seconds)
        except Slowed as slowed:
            return _again(desk, request, 429, wanted, name, desk_says="sign_in.slowed", seconds=slowed.seconds)
        if old := await desk.visit(request):
            await desk.doorkeeping.sign_out(old.official, old.session)
        response: Response = RedirectResponse(wanted, status_code=303)
        if entry.codes_left is not None:
            response = desk.redirect(wanted, "sign_in.codes_left", left=entry.codes_left)
        return _let_in(desk, response, entry.official, entry.token)


def _again(
    desk: Desk, request: Request, status: int, wanted: str, name: str, *, desk_says: str, seconds: int = 0
) -> Response:
    minutes, rest = divmod(seconds, 60)
    wait = {"seconds": seconds} if not minutes else {"seconds": 60 * (minutes + bool(rest))}
    response = desk.draw(
        "sign_in.html",
        request,
        None,
        status=status,
        next=wanted,
        name=name,
        trouble=desk_says,
        from_outside=False,
        **wait,
    )
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


def _known(desk: Desk, request: Request) -> str:
    with suppress(SealBroken, ValueError):
        return desk.officials.foundation.seal.open(request.cookies.get(KNOWN, ""))
    return ""


def _let_in(desk: Desk, response: Response, official: Official, token: str) -> Response:
    """The browser's own proof: until it is closed, and never one that it brought along."""
    desk.give_cookie(response, desk.cookie, token, path="/")
    sealed = desk.officials.foundation.seal.close(official.name)
    desk.give_cookie(response, KNOWN, sealed, path=DOOR, seconds=KNOWN_SECONDS)
    return response


def _add_welcome(desk: Desk) -> None:
    @desk.open_page("/welcome/{token}")
    async def welcome(request: Request) -> Response:
        return _step(desk, request, await _welcomed(desk, request))

    @desk.open_page("/welcome/{token}", methods=("POST",))
    async def chosen(request: Request) -> Response:
        form = await desk.form(request)
        welcomed = await _welcomed(desk, request)
        token = request.path_params["token"]
        if form.get("step") == "again":
            return _step(desk, request, Welcomed(welcomed.official, False, ""))
        try:
            if form.get("step") == "password":
                if form.get("password", "") != form.get("again", ""):
                    return _step(desk, request, welcomed, trouble="welcome.differ")
                await desk.officials.choose(token, form.get("password", ""))
                return RedirectResponse(request.url.path + _language(request), status_code=303)
            official, codes = await desk.officials.finish(token, form.get("code", "")[:40])
        except NotDone as refused:
            if refused.why is Why.LINK_OVER:
                raise Refused(410, "welcome.over") from None
            return _step(desk, request, welcomed, trouble=f"why.{refused.why.value}")
        entry = await desk.doorkeeping.begin(official, device(request.headers.get("user-agent", "")))
        response = desk.draw("welcome_codes.html", request, None, codes=codes, name=official.name)
        return _let_in(desk, response, official, entry.token)

    @desk.open_page("/welcome/{token}/qr.svg")
    async def picture(request: Request) -> Response:
        welcomed = await _welcomed(desk, request)
        if not welcomed.chosen:
            raise Refused(404)
        drawn = io.BytesIO()
        code = segno.make(credentials.app_address(welcomed.secret, welcomed.official.name), error="m")
        code.save(drawn, kind="svg", scale=6, border=4, dark="#000", light="#fff")
        return Response(drawn.getvalue(), media_type="image/svg+xml")


async def _welcomed(desk: Desk, request: Request) -> Welcomed:
    welcomed = await desk.officials.welcomed(request.path_params["token"])
    if welcomed is None:
        raise Refused(410, "welcome.over")
    return welcomed


def _step(desk: Desk, request: Request, welcomed: Welcomed, trouble: str = "") -> Response:
    """The page of the step at which this link is: first the password, then the app."""
    known = {"name": welcomed.official.name, "trouble": trouble, "token": request.path_params["token"]}
    status = 422 if trouble else 200
    if not welcomed.chosen:
        return desk.draw(
            "welcome_password.html", request, None, status=status, shortest=credentials.SHORTEST_PASSWORD, **known
        )
    secret = " ".join(welcomed.secret[at : at + 4] for at in range(0, len(welcomed.secret), 4))
    address = credentials.app_address(welcomed.secret, welcomed.official.name)
    return desk.draw("welcome_app.html", request, None, status=status, secret=secret, address=address, **known)


def _language(request: Request) -> str:
    chosen = request.query_params.get("lang", "")
    return f"?lang={chosen}" if chosen in ("th", "en") else ""


def _add_own(desk: Desk) -> None:
    @desk.page("/me")
    async def me(request: Request, official: Official) -> Response:
        browsers = await desk.doorkeeping.browsers(official)
        return desk.draw("me.html", request, official, browsers=browsers, this=request.state.session)

    @desk.page("/me/end", methods=("POST",))
    async def end(request: Request, official: Official) -> Response:
        session = (await desk.form(request)).get("session", "")
        if not session.isascii() or not session.isdigit() or len(session) > 15:
            raise Refused(400)
        await desk.doorkeeping.sign_out(official, int(session))
        return desk.redirect("/desk/me", "me.ended")

    @desk.page("/sign-out", methods=("POST",))
    async def sign_out(request: Request, official: Official) -> Response:
        await desk.doorkeeping.sign_out(official, request.state.session)
        return _let_out(desk)

    @desk.page("/sign-out-everywhere", methods=("POST",))
    async def sign_out_everywhere(request: Request, official: Official) -> Response:
        await desk.doorkeeping.sign_out_everywhere(official)
        return _let_out(desk)

    @desk.page("/language", role=Role.READER, methods=("POST",))
    async def language(request: Request, official: Official) -> Response:
        form = await desk.form(request)
        if form.get("language") not in ("th", "en"):
            raise Refused(400)
        await desk.officials.speak(official, Language(form["language"]))
        return RedirectResponse(own_path(form.get("back", HOME)), status_code=303)


def _let_out(desk: Desk) -> Response:
    response = desk.redirect(DOOR, "sign_in.out")
    response.delete_cookie(desk.cookie, path="/", secure=desk.secure, httponly=True, samesite="strict")
    return response


def device(agent: str) -> str:
    """What kind of browser it is, in three words at most: `Chrome · Android`. '' for one that we do not know."""
    found = [next((name for sign, name in signs if sign in agent), "") for signs in (_PROGRAMS, _MACHINES)]
    return " · ".join(name for name in found if name)
