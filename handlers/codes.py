"""What the content of a QR or barcode would do when scanned. Pure reading; nothing is opened, nothing asked of anybody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote


class CodeKind(StrEnum):
    PAYMENT = "payment"  # PromptPay, a bill, a shop's QR: EMVCo's form
    SLIP = "slip"  # the small QR on a Thai bank's transfer slip
    BILL = "bill"  # the barcode at the foot of a Thai bill
    LINK = "link"
    APP = "app"  # opens or fetches an app
    LINE_FRIEND = "line_friend"
    LINE_GROUP = "line_group"
    LOGIN = "login"  # lets somebody else's device into an account
    CODE_SEED = "code_seed"  # the seed of an account's one-time codes
    COINS = "coins"  # pays out of a crypto wallet
    WIFI = "wifi"
    CARD = "card"  # a person's contact data
    CALL = "call"
    SMS = "sms"
    EMAIL = "email"
    NUMBER = "number"
    TEXT = "text"


class Payee(StrEnum):
    PHONE = "phone"
    NATIONAL_ID = "national_id"
    WALLET = "wallet"
    ACCOUNT = "account"
    BILLER = "biller"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Payment:
    """`number` shows its last four digits only; `amount` is as written, "" where the payer fills it in; `intact` says
    whether the check sum agrees; `country` has two letters ("TH")."""

    payee: Payee
    number: str = ""
    amount: str = ""
    currency: str = ""
    merchant: str = ""
    country: str = ""
    intact: bool = True


@dataclass(frozen=True)
class Code:
    """`value` is what the person is shown (a link, a number, a name…); `judged` what is judged like a message, "" where
    there is nothing to judge."""

    kind: CodeKind
    value: str
    judged: str = ""
    payment: Payment | None = None

    @property
    def dangerous(self) -> bool:
        """Whether scanning it gives something away, whoever asks for it."""
        return self.kind in (CodeKind.LOGIN, CodeKind.CODE_SEED)


LONGEST_SHOWN = 120


def decode(content: str) -> Code:
    """What a code holds. Never raises; what has no form that we know is a text, or a number."""
    text = content.strip()
    for reader in (_payment, _slip, _bill, _by_scheme):
        found = reader(text)
        if found is not None:
            return found
    if _WEB.match(text):
        return _link(text if "://" in text else f"https://{text}")
    if re.fullmatch(r"[\d \-]{4,40}", text):
        return Code(CodeKind.NUMBER, text)
    if _WHATSAPP.match(text):
        return Code(CodeKind.LOGIN, "WhatsApp")
    return Code(CodeKind.TEXT, _short(text), text)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST_SHOWN else flat[:LONGEST_SHOWN] + "…"


# --- money -------------------------------------------------------------------------------------------------------------
def fields(text: str) -> Mapping[str, str] | None:
    """EMVCo's form: two digits of name, two of length, the value, and so on. None when it is not whole."""
    found: dict[str, str] = {}
    place = 0
    while place < len(text):
        name, length = text[place : place + 2], text[place + 2 : place + 4]
        if not (name.isascii() and length.isascii() and name.isdigit() and length.isdigit()):
            return None
        value = text[place + 4 : place + 4 + int(length)]
        if len(value) != int(length):
            return None
        found.setdefault(name, value)
        place += 4 + int(length)
    return found or None


def check_sum(text: str) -> str:
    """CRC-16/CCITT-FALSE of a text, as four capital hexadecimal letters."""
    crc = 0xFFFF
    for byte in text.encode():
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return f"{crc:04X}"


def _intact(text: str, name: str) -> bool:
    """Whether the text ends in a check sum field that agrees with all before it."""
    return bool(re.search(rf"{name}04[0-9A-Fa-f]{{4}}\Z", text)) and check_sum(text[:-4]) == text[-4:].upper()


PROMPTPAY = "A000000677010111"
PROMPTPAY_BILL = "A000000677010112"
_PAYEES = {"01": Payee.PHONE, "02": Payee.NATIONAL_ID, "03": Payee.WALLET, "04": Payee.ACCOUNT}
_CURRENCIES = {
    "764": "THB",
    "840": "USD",
    "116": "KHR",
    "418": "LAK",
    "458": "MYR",
    "702": "SGD",
    "360": "IDR",
    "156": "CNY",
}


def _payment(text: str) -> Code | None:
    if not text.startswith("0002"):
        return None
    whole = fields(text) or fields_of_spoilt(text)
    if whole is None or ("53" not in whole and "58" not in whole):
        return None
    payee, number = _payee(whole)
    payment = Payment(
        payee=payee,
        number=_ending(number),
        amount=_amount(whole.get("54", "")),
        currency=_CURRENCIES.get(whole.get("53", ""), ""),
        merchant=_short(whole.get("59", ""))[:40],
        country=whole.get("58", "")[:2].upper(),
        intact=_intact(text, "63"),
    )
    return Code(CodeKind.PAYMENT, payment.number, payment=payment)


def fields_of_spoilt(text: str) -> Mapping[str, str] | None:
    """The fields of a payment whose last one is cut off: it is told as a payment with a wrong check sum."""
    head, found, _ = text.rpartition("6304")
    return fields(head) if found else None


def _payee(whole: Mapping[str, str]) -> tuple[Payee, str]:
    for name in sorted(whole):
        inner = fields(whole[name]) if "26" <= name <= "51" else None
        if inner is None:
            continue
        if inner.get("00", "").startswith(PROMPTPAY_BILL):
            return Payee.BILLER, inner.get("01", "")
        if inner.get("00", "").startswith(PROMPTPAY):
            for kind, payee in _PAYEES.items():
                if number := inner.get(kind):
                    return payee, "0" + number[4:] if payee is Payee.PHONE and number.startswith("0066") else number
    return Payee.UNKNOWN, ""


def _ending(number: str) -> str:
    """Enough to compare with what a bank's app shows, too little to keep."""
    plain = re.sub(r"\W", "", number)
    return f"xxx-{plain[-4:]}" if len(plain) > 4 else plain


def _amount(text: str) -> str:
    if not re.fullmatch(r"\d{1,10}(?:\.\d{0,2})?", text):
        return ""
    whole, _, part = text.partition(".")
    part = part.ljust(2, "0") if part.strip("0") else ""
    return f"{int(whole):,}" + (f".{part}" if part else "")


# Banks by the three digits that the Bank of Thailand gave them, as slips name the sender's.
BANKS = {
    "002": "Bangkok Bank", "004": "KBank", "006": "Krungthai", "011": "ttb", "014": "SCB", "022": "CIMB Thai", "024": "UOB",
    "025": "Krungsri", "030": "GSB", "033": "GHB", "034": "BAAC", "067": "TISCO", "069": "KKP", "070": "ICBC Thai",
    "071": "Thai Credit", "073": "LH Bank",
}  # fmt: skip


def _slip(text: str) -> Code | None:
    """Field 00 with the api's number, the sending bank and the transfer's reference; 51 the country; 91 the check sum."""
    whole = fields(text)
    inner = fields(whole.get("00", "")) if whole else None
    if whole is None or inner is None or "91" not in whole or "02" not in inner:
        return None
    bank = BANKS.get(inner.get("01", "")[-3:], "")
    return Code(CodeKind.SLIP, bank, payment=Payment(Payee.UNKNOWN, _ending(inner["02"]), intact=_intact(text, "91")))


def _bill(text: str) -> Code | None:
    """A bar, the biller's tax id with two digits, and on new lines two references and the amount in satang."""
    if not text.startswith("|"):
        return None
    parts = re.split(r"[\r\n]+", text[1:])
    if not re.fullmatch(r"\d{13,15}", parts[0]) or len(parts) < 2:
        return None
    satang = parts[3] if len(parts) > 3 and parts[3].isascii() and parts[3].isdigit() and len(parts[3]) <= 12 else ""
    amount = _amount(f"{int(satang) // 100}.{int(satang) % 100:02}") if satang and int(satang) else ""
    return Code(CodeKind.BILL, _ending(parts[0]), payment=Payment(Payee.BILLER, _ending(parts[0]), amount, "THB"))


# --- addresses -----------------------------------------------------------------------------------------------------------
_WEB = re.compile(r"(?:https?://\S+|www\.\S+|(?:[\w-]{1,63}\.){1,5}[a-z]{2,12}(?:/\S*)?)\Z", re.IGNORECASE)
# What WhatsApp and others show for "link a device": whoever's screen it is gets into the account that scans it.
_WHATSAPP = re.compile(r"\d@[A-Za-z0-9+/=,]{40,}\Z")
_LOGINS = (
    (re.compile(r"(?:https?://line\.me/R/au/|line://au/|https?://access\.line\.me/)", re.I), "LINE"),
    (re.compile(r"tg://login\?", re.I), "Telegram"),
    (re.compile(r"https?://(?:discord(?:app)?\.com/ra/)", re.I), "Discord"),
    (re.compile(r"(?:sgnl://linkdevice|tsdevice:)", re.I), "Signal"),
    (re.compile(r"https?://(?:www\.)?tiktok\.com/qr(?:code)?[/-]?login", re.I), "TikTok"),
    (re.compile(r"https?://wa\.me/settings/linked_devices", re.I), "WhatsApp"),
)
_LINE_FRIEND = re.compile(r"(?:https?://line\.me(?:/R)?/ti/p/|line://ti/p/)(?P<id>[^\s/?#]{1,60})", re.I)
_LINE_SHORT = re.compile(r"https?://lin\.ee/[\w-]{1,40}", re.I)
_LINE_GROUP = re.compile(r"(?:https?://line\.me(?:/R)?/ti/g2?/|line://ti/g2?/)[^\s]{1,200}", re.I)
_APPS = re.compile(
    r"(?:market://|intent:|itms-apps?://|itms-services://)|https?://\S{1,2000}\.(?:apk|xapk|mobileconfig)(?:[?#]|\Z)",
    re.I,
)


def _link(text: str) -> Code:
    return Code(CodeKind.LINK, text, text)


def _by_scheme(text: str) -> Code | None:
    for pattern, name in _LOGINS:
        if pattern.match(text):
            return Code(CodeKind.LOGIN, name)
    if found := _LINE_FRIEND.match(text):
        return Code(CodeKind.LINE_FRIEND, unquote(found["id"]), text)
    if _LINE_SHORT.match(text):
        return Code(CodeKind.LINE_FRIEND, text, text)
    if _LINE_GROUP.match(text):
        return Code(CodeKind.LINE_GROUP, text, text)
    if _APPS.match(text):
        return Code(CodeKind.APP, _short(text), text)
    scheme, colon, rest = text.partition(":")
    reader = _SCHEMES.get(scheme.lower()) if colon else None
    return reader(rest) if reader else None


def _wifi(rest: str) -> Code:
    name = re.search(r"(?:\A|;)S:((?:\\.|[^;\\]){1,64})", rest)
    return Code(CodeKind.WIFI, re.sub(r"\\(.)", r"\1", name.group(1)) if name else "")


def _card(rest: str) -> Code:
    """vCard and MECARD: the name, and what of it can be checked."""
    name = re.search(r"(?:\A|[\r\n;])(?:FN|N)[^:\r\n]{0,40}:([^\r\n;]{1,80})", rest, re.I)
    told = re.findall(r"(?:\A|[\r\n;])(?:TEL|URL)[^:\r\n]{0,60}:([^\r\n;]{3,200})", rest, re.I)
    return Code(CodeKind.CARD, _short(name.group(1)) if name else "", "\n".join(told[:4]))


def _sms(rest: str) -> Code:
    number, _, body = rest.lstrip("/").partition(":")
    number, _, query = number.partition("?")
    body = body or unquote(query.partition("body=")[2])
    return Code(CodeKind.SMS, _short(number), "\n".join(part for part in (number, body) if part))


def _email(rest: str) -> Code:
    return Code(CodeKind.EMAIL, _short(rest.partition("?")[0]), rest.partition("?")[0])


def _call(rest: str) -> Code:
    return Code(CodeKind.CALL, _short(unquote(rest.lstrip("/"))), unquote(rest.lstrip("/")))


def _code_seed(rest: str) -> Code:
    issuer = re.search(r"[?&]issuer=([^&]{1,60})", rest)
    return Code(CodeKind.CODE_SEED, _short(unquote(issuer.group(1))) if issuer else "")


def _coins(rest: str) -> Code:
    return Code(CodeKind.COINS, _ending(re.split(r"[?@]", rest.lstrip("/"))[0]), re.split(r"[?@]", rest.lstrip("/"))[0])


_SCHEMES = {
    "wifi": _wifi,
    "mecard": _card,
    "begin": _card,
    "smsto": _sms,
    "sms": _sms,
    "tel": _call,
    "mailto": _email,
    "matmsg": lambda rest: _email(rest.partition("TO:")[2].partition(";")[0] or rest),
    "otpauth": _code_seed,
    "otpauth-migration": _code_seed,
    "bitcoin": _coins,
    "ethereum": _coins,
    "tron": _coins,
    "litecoin": _coins,
}
