"""Links, numbers, accounts and names of accounts in a text: what can be looked up, apart from what is said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from content.cleaning import Read, read
from content.recent import Recent, key_of


class Kind(StrEnum):
    URL = "url"
    EMAIL = "email"
    PHONE = "phone"
    HOTLINE = "hotline"  # a short number such as 1441: known ones belong to agencies, so they are kept apart
    ACCOUNT = "account"
    PROMPTPAY = "promptpay"
    LINE_ID = "line_id"
    WALLET = "wallet"
    TRACKING = "tracking"
    CODE = "code"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Identifier:
    """`value` in its plain form (a link without defanging, a number as bare digits); `start`:`end` in the readable text.

    For an amount the span is its number and its currency; words of the message it is, so it is never masked.
    """

    kind: Kind
    value: str
    start: int
    end: int


# Endings that are words of the address world; a bare `name.ending` counts as a link only with one of them.
_ENDINGS = (
    "com|net|org|info|biz|co|io|me|cc|tv|ly|gl|gg|to|at|th|xyz|top|vip|club|online|site|shop|store|live|link|click|life|"
    "world|website|space|fun|icu|app|dev|pw|win|bet|casino|game|games|money|cash|fund|finance|loan|loans|today|buzz|"
    "asia|pro|work|works|one|mobi|name|ltd|group|help|support|services|service|center|agency|cloud|page|bio|red|blue|"
    "ink|lol|sbs|cfd|cyou|rest|monster|quest|bond|autos|beauty|hair|skin|mom|wiki|tech|host|press|run|id|in|us|uk|eu|"
    "ru|cn|tk|ml|ga|cf|gq|ws|su|la|kh|mm|vn|sg|my|hk|tw|jp|kr|au|de|fr|nl|ai|so|sh|st|im|is|am|fm|gd|ee|ph|ac|go|"
    "scb|express|bank|zip|mov|web|chat|social|media|news|email|network|solutions|digital|care|deals|sale|gift|gifts|"
    "rewards|review|reviews|party|trade|market|markets|exchange|capital|global|international|company|academy|"
    "systems|zone|ninja|guru|tips|team|plus|best|mx|br|cl|pl|cz|se|no|fi|dk|es|it|pt|gr|ca|nz|za|travel|tours|land|"
    "house|apartments|rent|homes|estate|vacations|flights|tickets|show|charity|foundation|academy|school|goog|google|example|s"
)
_LABEL = r"[a-z0-9\u0400-\u04ff](?:[a-z0-9\u0400-\u04ff_-]{0,62})"
_DOT = r"(?:\.|\[\.\]|\(\.\)|\[dot\]|\(dot\)|\{\.\})"
_PATH = r"(?:[/?#][^\s<>\"'\u0e00-\u0e7f“”]{0,2000})?"
_SCHEME = r"(?:(?:h[tx]{2}ps?|https?|ftp)(?:\s?:|\[:\])//?\s?)"
_URL = re.compile(
    rf"{_SCHEME}[^\s<>\"'\u0e00-\u0e7f“”]{{2,2000}}"
    rf"|(?<![a-z0-9@_.-])(?:{_LABEL}{_DOT}){{1,6}}(?:{_ENDINGS})(?![a-z0-9_-]|\.[a-z0-9])(?::\d{{2,5}})?{_PATH}"
    rf"|(?<![a-z0-9])www\s?\.\s?[a-z0-9-]{{1,63}}(?:\s?\.\s?[a-z]{{2,10}}){{1,3}}{_PATH}"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?::\d{2,5})?/[^\s\u0e00-\u0e7f]{0,500}"
    rf"|(?<![a-z0-9@_.-])(?:{_LABEL}\s\.\s?|{_LABEL}\.\s)(?:com|net|org|info|xyz|top|vip|club|online|site|shop|co|cc|pw)(?![a-z0-9.]){_PATH}",
    re.IGNORECASE,
)
_WORDS = frozenset(
    [
        "so",
        "to",
        "at",
        "me",
        "is",
        "it",
        "in",
        "no",
        "us",
        "am",
        "my",
        "la",
        "st",
        "im",
        "ai",
        "go",
        "be",
        "la",
        "name",
        "one",
        "best",
        "help",
        "support",
        "care",
        "run",
        "show",
    ]
)
# What may lie in a stretch long enough to make a pattern slow is not an address that anyone could type.
_HAS_DOT = re.compile(r"\.|dot|://", re.IGNORECASE)
_EMAIL = re.compile(r"(?<![a-z0-9._%+-])[a-z0-9._%+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}", re.IGNORECASE)
_LINE = re.compile(
    r"(?:(?:แอดไลน์?|แอ[ดต]\s?line|เพิ่มเพื่อน|ทักไลน์?|ไลน์ ?ไอดี|ไลน์ ?id|ไอดีไลน์|line ?id|id ?line|line ?oa|ไลน์|line|แอด|ไอดี)"
    r"\s{0,2}(?:คือ|มาที่|ที่|ได้ที่|:|：|=|\.|-)?\s{0,2})(@?[a-z0-9][a-z0-9._-]{2,29})"
    r"|(?<![a-z0-9._%+@-])(@[a-z0-9][a-z0-9._-]{2,29})",
    re.IGNORECASE,
)
_LINE_WORDS = frozenset(
    [
        "official",
        "group",
        "chat",
        "call",
        "video",
        "app",
        "pay",
        "shopping",
        "today",
        "man",
        "bank",
        "oa",
        "and",
        "the",
        "you",
        "that",
        "for",
        "your",
        "with",
        "account",
        "link",
        "store",
        "point",
        "points",
        "sticker",
        "stickers",
        "openchat",
        "voom",
        "connect",
        "notify",
        "message",
        "messages",
        "friend",
        "contact",
        "number",
        "admin",
        "please",
        "from",
        "otp",
        "sms",
        "pin",
        "send",
        "add",
        "here",
        "now",
        "there",
        "they",
        "this",
    ]
)
_NUMBER = re.compile(r"(?<![\da-z_@#/.,-])\+?\(?\d(?:[ \-.()–]{0,2}\d){2,18}(?!\d|[a-z_])", re.IGNORECASE)
_SHORT = re.compile(r"(?<![\d.,])(?:1[0-9]{3}|191|199|1[0-9]{2}|\*\d{3,4}#?)(?![\d,]|\.\d)")
_CALLING = re.compile(r"(?:โทร|สายด่วน|ติดต่อ|กด|call|hotline|dial|เบอร์|แจ้ง|tel)[^\n]{0,14}\Z", re.IGNORECASE)
_WALLET = re.compile(
    r"(?<![a-zA-Z0-9])(?:0x[a-fA-F0-9]{40}|bc1[a-z0-9]{25,59}|T[1-9A-HJ-NP-Za-km-z]{33}|[13][1-9A-HJ-NP-Za-km-z]{25,34})(?![a-zA-Z0-9])"
)
_TRACKING = re.compile(
    r"(?<![a-zA-Z0-9])(?:[A-Z]{2}\d{9}TH|TH\d{10,14}[A-Z]?|(?:SPX|SP)TH\d{8,14}[A-Z0-9]?|[A-Z]{3,4}\d{9,14}[A-Z]{0,2}"
    r"|(?:KEX|KERRY|FLASH|JT|J&T)[A-Z]{0,4}\d{8,14})(?![a-zA-Z0-9])"
)
_UNIT = (
    r"(?:บาท|บ\.|บ(?![ก-ฮะ-์])|baht|thb|฿|.-|usd(?:t)?|dollars?|usdt|ดอลลาร์|ดอล|ยูโร|euros?|pounds?|ปอนด์|btc|k(?![a-z]))"
)
_SCALE = r"(?:พัน|หมื่น|แสน|ล้าน|thousand|million|หมึ่น)"
_AMOUNT = re.compile(
    rf"[฿$€£]\s?\d[\d,]{{0,14}}(?:\.\d{{1,2}})?k?|(?:thb|usd|rm)\s?\d[\d,]{{0,14}}(?:\.\d{{1,2}})?"
    rf"|\d[\d,]{{0,14}}(?:\.\d{{1,2}})?\s?(?:{_SCALE}(?:\s?{_UNIT})?|{_UNIT})"
    r"|(?<![\d,.])\d{1,3}(?:,\d{3}){1,4}(?:\.\d{1,2})?(?![\d,])"
    r"|(?:หนึ่ง|สอง|สาม|สี่|ห้า|หก|เจ็ด|แปด|เก้า|สิบ|ครึ่ง|ซาว|หลัก|หลาย|เป็น){1,3}(?:ร้อย|ฮ้อย|พัน|หมื่น|แสน|ล้าน)(?!ธุ์)(?:\s?บาท)?"
    r"|(?:hundred|thousand|million)s?(?: of)? (?:baht|dollars|euros|pounds)",
    re.IGNORECASE,
)
_CODE_WORD = r"(?:otp|รหัส|โค้ด|code|pin|ref|password|passcode|พาสเวิร์ด)"
_CODE = re.compile(
    rf"{_CODE_WORD}[^\d\n]{{0,24}}(?<![\d,.])(\d{{3}}[- ]?\d{{3}}|\d{{4,8}})(?![\d,])"
    rf"|(?<![\d,.])(\d{{4,8}})(?![\d,])[^\d\n]{{0,12}}{_CODE_WORD}",
    re.IGNORECASE,
)
_PROMPTPAY = re.compile(r"(?:พร้อมเพย์|promptpay|prompt pay|พร้อมเพ)[^\d\n]{0,24}\Z", re.IGNORECASE)
_ACCOUNT = re.compile(
    r"(?:บัญชี|บช|เลขที่|acc(?:ount)?|a/c|ธ\.|ธนาคาร|กสิกร|ไทยพาณิชย์|กรุงไทย|กรุงเทพ|กรุงศรี|ออมสิน|ทหารไทย|ธกส|kbank|scb|ktb|bbl|ttb|bay|gsb|โอน)"
    r"[^\d\n]{0,40}\Z",
    re.IGNORECASE,
)

# Enough for any honest message; keeps a text made of nothing but numbers cheap.
MOST = 60


def find(text: str) -> tuple[Identifier, ...]:
    """Every identifier in a readable text, in order, none overlapping another (amounts and codes may stand alone).

    Never raises; time in step with length.
    """
    taken: list[Identifier] = []
    if _HAS_DOT.search(text):
        _add(taken, _emails(text))
        _add(taken, _links(text))
    lower = text.lower()
    if any(word in lower for word in ("ไลน", "line", "แอด", "แอต", "@", "ไอดี", "เพิ่มเพื่อน")):
        _add(taken, _line_ids(text))
    if any(letter.isdigit() for letter in text):
        _add(taken, _wallets(text))
        _add(taken, _trackings(text))
        _add(taken, _codes(text))
        _add(taken, _numbers(text))
        _add(taken, _short_numbers(text))
    _add(taken, _amounts(text))
    return tuple(sorted(taken, key=lambda each: each.start))


# One message is looked through for its fingerprint, for reports and for its verdict: one after the other, with others between.
_LATELY: Recent[tuple[Read, tuple[Identifier, ...]]] = Recent(200)
LONGEST_KEPT = 2_000


def named_in(text: str) -> tuple[Read, tuple[Identifier, ...]]:
    """The readable form of a text, of one too long its two ends, and every identifier in it. Nobody writes into either."""

    def looked() -> tuple[Read, tuple[Identifier, ...]]:
        form = read(text)
        return form, find(form.readable)

    return _LATELY.of(key_of(text), looked) if len(text) <= LONGEST_KEPT else looked()


def _add(taken: list[Identifier], more: list[Identifier]) -> None:
    """First come, first served: an identifier inside another one is not another one."""
    if not taken:
        taken += more
        return
    for each in more:
        if len(taken) >= MOST:
            return
        if all(each.end <= other.start or each.start >= other.end for other in taken):
            taken.append(each)


def _emails(text: str) -> list[Identifier]:
    if "@" not in text:
        return []
    return [
        Identifier(Kind.EMAIL, found.group().lower(), *found.span())
        for found, _ in zip(_EMAIL.finditer(text), range(MOST), strict=False)
    ]


def _links(text: str) -> list[Identifier]:
    links = []
    for found, _ in zip(_URL.finditer(text), range(MOST), strict=False):
        start = found.start()
        raw = found.group()
        kept = raw.rstrip(".,;:!?)]}>'\"*_~…")
        if raw.count("(") and kept.count("(") > kept.count(")") and raw[len(kept) : len(kept) + 1] == ")":
            kept += ")"
        value = plain_link(kept)
        if value and _is_link(kept, value):
            links.append(Identifier(Kind.URL, value, start, start + len(kept)))
    return links


def _is_link(raw: str, value: str) -> bool:
    host = value.split("://", 1)[-1].split("/", 1)[0]
    if "://" in raw or raw.lower().startswith(("hxxp", "http", "www")):
        return "." in host
    label, _, ending = host.rpartition(".")
    # "5.co" is a time, "no.1" and "a.m" are not addresses, "s.th" may be
    if label.isdigit() or len(ending) < 2:
        return False
    # "Ok.so what", "call.me": a word, a full stop and a word, unless more of an address follows
    return "/" in value or (len(label) >= 2 and (ending not in _WORDS or bool(re.search(r"[\d.-]", label))))


_DEFANG = re.compile(r"\[\.\]|\(\.\)|\{\.\}|\[dot\]|\(dot\)", re.IGNORECASE)


def plain_link(raw: str) -> str:
    """An address as a browser would take it: no defanging, no blanks, scheme and host in lower case."""
    link = _DEFANG.sub(".", raw).replace("[:]", ":").replace(" ", "").strip()
    link = re.sub(r"\A(?:hxxp|http|htxp)(s?):/{1,2}", r"http\1://", link, flags=re.IGNORECASE)
    scheme, split, rest = link.partition("://")
    if not split:
        scheme, rest = "", link
    host_end = next((index for index, letter in enumerate(rest) if letter in "/?#"), len(rest))
    host = rest[:host_end].lower()
    return f"{scheme.lower()}{split}{host}{rest[host_end:]}"


def host_of(link: str) -> str:
    """The host name of a plain link, without user, port or trailing dot."""
    rest = link.split("://", 1)[-1]
    host = re.split(r"[/?#\\]", rest, maxsplit=1)[0].rsplit("@", 1)[-1]
    return host.split(":", 1)[0].strip(".").lower()


def _line_ids(text: str) -> list[Identifier]:
    ids = []
    for found, _ in zip(_LINE.finditer(text), range(MOST), strict=False):
        group = 1 if found.group(1) else 2
        value = found.group(group).lower().rstrip("._-")
        bare = value.lstrip("@")
        # "ไลน์ 0812345678" gives a phone number; "line official" a word
        if len(bare) < 3 or bare in _LINE_WORDS or (bare.isdigit() and len(bare) >= 9):
            continue
        if (
            group == 1
            and not value.startswith("@")
            and found.group().isascii()
            and not re.search(r"\d|:|id", found.group(), re.I)
        ):
            continue
        start = found.start(group)
        ids.append(Identifier(Kind.LINE_ID, value, start, start + len(found.group(group).rstrip("._-"))))
    return ids


def _wallets(text: str) -> list[Identifier]:
    return [
        Identifier(Kind.WALLET, found.group(), *found.span())
        for found, _ in zip(_WALLET.finditer(text), range(MOST), strict=False)
    ]


def _trackings(text: str) -> list[Identifier]:
    return [
        Identifier(Kind.TRACKING, found.group(), *found.span())
        for found, _ in zip(_TRACKING.finditer(text), range(MOST), strict=False)
    ]


def _codes(text: str) -> list[Identifier]:
    codes = []
    for found, _ in zip(_CODE.finditer(text), range(MOST), strict=False):
        group = 1 if found.group(1) else 2
        codes.append(Identifier(Kind.CODE, re.sub(r"\D", "", found.group(group)), *found.span(group)))
    return codes


def _numbers(text: str) -> list[Identifier]:
    numbers = []
    for found, _ in zip(_NUMBER.finditer(text), range(MOST), strict=False):
        raw = found.group()
        digits = re.sub(r"\D", "", raw)
        kind = _number_kind(raw, digits, text[max(0, found.start() - 48) : found.start()])
        if kind is not None:
            value = (
                "0" + digits[2:]
                if kind is Kind.PHONE and digits.startswith("66") and len(digits) in (10, 11)
                else digits
            )
            if kind is Kind.PHONE and value.startswith("00"):
                value = value[1:]
            numbers.append(Identifier(kind, ("+" + value) if _foreign(raw, digits) else value, *found.span()))
    return numbers


def _foreign(raw: str, digits: str) -> bool:
    return raw.startswith("+") and not digits.startswith("66")


def _number_kind(raw: str, digits: str, before: str) -> Kind | None:
    """What a run of digits is, by its form and by the words before it."""
    count = len(digits)
    if raw.startswith("+") and 9 <= count <= 15:
        return Kind.PHONE
    if count == 13 and digits[0] != "0":
        return Kind.PROMPTPAY if _PROMPTPAY.search(before) else None
    if count == 10 and digits[:2] in ("06", "08", "09"):
        return Kind.PROMPTPAY if _PROMPTPAY.search(before) else Kind.PHONE
    if count in (11, 12) and digits.startswith("66") and raw[0] == "+":
        return Kind.PHONE
    if count == 9 and digits[0] == "0" and digits[1] in "234579":
        return Kind.PHONE
    # 10 to 12 digits (15 at the state banks) with a bank or the word for account near: an account
    if count in (10, 11, 12, 15) and (_ACCOUNT.search(before) or re.fullmatch(r"\d{3}-?\d-?\d{5}-?\d", raw)):
        return Kind.ACCOUNT
    if count == 11 and digits.startswith("66"):
        return Kind.PHONE
    if count == 10 and digits.startswith("1800"):
        return Kind.PHONE
    return None


def _short_numbers(text: str) -> list[Identifier]:
    numbers = []
    for found, _ in zip(_SHORT.finditer(text), range(MOST), strict=False):
        value = found.group()
        if value.startswith("*") or _CALLING.search(text[max(0, found.start() - 24) : found.start()]):
            numbers.append(Identifier(Kind.HOTLINE, value, *found.span()))
    return numbers


def _amounts(text: str) -> list[Identifier]:
    return [
        Identifier(Kind.AMOUNT, re.sub(r"[\s,]", "", found.group()), *found.span())
        for found, _ in zip(_AMOUNT.finditer(text), range(MOST), strict=False)
    ]
