"""The menu, greetings, small talk, language, and everything that is not a text."""

from __future__ import annotations

from dataclasses import replace

from content.models import Language
from handlers.messages import Happened, Kind, Outcome, Reply, Session, Tone
from handlers.wording import Voice, menu_buttons


def menu(voice: Voice) -> Reply:
    return voice.short("menu_title", "menu", quick=(*menu_buttons(voice), voice.tap("button_trusted", "trusted")))


def greet(session: Session, voice: Voice) -> Outcome:
    reply = voice.short("greeting_title", "greeting", quick=menu_buttons(voice))
    return Outcome(replace(session, greeted=True), reply, events=(Happened("greeted"),))


def too_short(voice: Voice) -> Reply:
    return voice.short("too_short_title", "too_short", quick=menu_buttons(voice))


def blank(voice: Voice) -> Reply:
    return voice.short("blank_title", "too_short", quick=menu_buttons(voice))


def small_talk(what: str, voice: Voice) -> Reply:
    if what == "thanks":
        return voice.short("thanks_title", "thanks")
    if what == "goodbye":
        return voice.short("goodbye_title", "thanks")
    if what == "who":
        return voice.short("who_title", "greeting", quick=menu_buttons(voice))
    return voice.short("hello_title", "menu", quick=menu_buttons(voice))


# Files that do something when opened. A program sent in a chat is how phones are taken over.
PROGRAMS = (
    ".apk", ".apks", ".xapk", ".apkm", ".aab", ".exe", ".msi", ".bat", ".cmd", ".com", ".scr", ".ps1", ".vbs", ".js", ".hta",
    ".jar", ".lnk", ".dmg", ".pkg", ".ipa", ".mobileconfig",
)  # fmt: skip
# What is packed is not seen by a phone's own guards.
ARCHIVES = (".zip", ".rar", ".7z", ".iso", ".tar", ".gz")

MEDIA = {
    Kind.IMAGE: ("image_title", "image"),
    Kind.AUDIO: ("audio_title", "audio"),
    Kind.VIDEO: ("video_title", "video"),
    Kind.FILE: ("file_title", "file"),
    Kind.LOCATION: ("location_title", "location"),
    Kind.CONTACT: ("contact_title", "contact"),
    Kind.OTHER: ("other_title", "other"),
}


def media(kind: Kind, voice: Voice, name: str = "") -> Reply:
    """What we cannot read yet is answered with what to do instead. `name` is a file's name."""
    if kind is Kind.FILE and name.lower().endswith(PROGRAMS):
        return voice.short("program_title", "program", tone=Tone.CAUTION, buttons=(voice.call("1441"),))
    if kind is Kind.FILE and name.lower().endswith(ARCHIVES):
        return voice.short("archive_title", "archive", tone=Tone.CAUTION, buttons=(voice.call("1441"),))
    if kind is Kind.STICKER:
        return voice.short("sticker_title", quick=menu_buttons(voice))
    title, body = MEDIA[kind]
    # Who is being talked into something by a voice needs a person to talk to.
    calls = (voice.call("1441"),) if kind in (Kind.AUDIO, Kind.VIDEO) else ()
    return voice.short(title, body, tone=Tone.CALM, buttons=calls, quick=menu_buttons(voice))


def ask_language(voice: Voice) -> Reply:
    taps = (voice.tap("language_thai", "lang:th"), voice.tap("language_english", "lang:en"))
    return voice.short("language_title", buttons=taps)


def choose_language(chosen: str, session: Session, voice: Voice) -> Outcome:
    language = Language.ENGLISH if chosen == Language.ENGLISH else Language.THAI
    spoken = replace(voice, language=language)
    reply = spoken.short("language_done_title", "menu", quick=menu_buttons(spoken))
    return Outcome(replace(session, language=language), reply)
