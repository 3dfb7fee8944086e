"""QR and barcodes: what they hold, what scanning would do, and that they are found in pictures."""

from __future__ import annotations

import time

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from qr_maker import CONTENTS, bill_payment, promptpay, shown, slip, square

from bot.vision.marks import covered, marks
from bot.vision.opening import opened
from handlers.codes import CodeKind, Payee, check_sum, decode, fields

# --- payments ----------------------------------------------------------------------------------------------------------


def test_the_check_sum_is_the_one_of_the_standard() -> None:
    assert check_sum("123456789") == "29B1", "the standard's own example"


@pytest.mark.parametrize(
    ("content", "payee", "number", "amount"),
    [
        (promptpay("0810001234", amount="1500.00"), Payee.PHONE, "xxx-1234", "1,500"),
        (promptpay("0810001234", amount="20.5"), Payee.PHONE, "xxx-1234", "20.50"),
        (promptpay("0810001234"), Payee.PHONE, "xxx-1234", ""),
        (promptpay("1100000000000", kind="02"), Payee.NATIONAL_ID, "xxx-0000", ""),
        (promptpay("004000000000123", kind="03"), Payee.WALLET, "xxx-0123", ""),
        (promptpay("0040810001234", kind="04"), Payee.ACCOUNT, "xxx-1234", ""),
        (bill_payment("010753600010286", "REF1", "350.50"), Payee.BILLER, "xxx-0286", "350.50"),
    ],
)
def test_a_payment_says_whom_and_how_much(content: str, payee: Payee, number: str, amount: str) -> None:
    code = decode(content)
    assert code.kind is CodeKind.PAYMENT and code.payment is not None
    assert (code.payment.payee, code.payment.number, code.payment.amount) == (payee, number, amount)
    assert code.payment.intact and code.payment.country == "TH" and code.payment.currency == "THB"
    assert code.judged == "", "whom one pays is no text to judge, and no whole number goes on"


def test_a_payment_that_was_changed_is_not_intact() -> None:
    content = promptpay("0810001234", amount="100")
    changed = content.replace("540310", "540390")
    for spoilt in (changed, promptpay("0810001234", spoilt=True), content[:-2], content[:-4]):
        code = decode(spoilt)
        assert code.kind is CodeKind.PAYMENT and code.payment is not None and not code.payment.intact, spoilt


def test_a_merchants_name_is_told_and_one_from_abroad_too() -> None:
    text = (
        "00020101021129370016"
        + "A000000677010111"
        + "0113"
        + "0066810001234"
        + "5303764"
        + "5802TH"
        + "5911SOMMUT SHOP"
        + "6304"
    )
    code = decode(text + check_sum(text))
    assert code.payment is not None and code.payment.merchant == "SOMMUT SHOP"
    text = "000201010212" + "2904" + "0000" + "5303116" + "540512.50" + "5802KH" + "6304"
    abroad = decode(text + check_sum(text)).payment
    assert abroad is not None and (abroad.country, abroad.currency, abroad.payee) == ("KH", "KHR", Payee.UNKNOWN)


def test_a_slip_is_known_by_its_form_and_proves_only_itself() -> None:
    code = decode(slip("014"))
    assert code.kind is CodeKind.SLIP and code.value == "SCB" and code.payment is not None and code.payment.intact
    forged = decode(slip()[:-4] + "0000")
    assert forged.kind is CodeKind.SLIP and forged.payment is not None and not forged.payment.intact


def test_a_bills_barcode_is_a_payment_too() -> None:
    code = decode("|099400016550100\r12345678\r9876\r150025")
    assert code.kind is CodeKind.BILL and code.payment is not None
    assert (code.payment.number, code.payment.amount) == ("xxx-0100", "1,500.25")
    assert decode("|099400016550100\r12345678\r9876\r0").payment.amount == ""  # type: ignore[union-attr]


# --- everything else ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "kind", "value", "judged"),
    [
        (
            "https://parcel-fee.example/pay",
            CodeKind.LINK,
            "https://parcel-fee.example/pay",
            "https://parcel-fee.example/pay",
        ),
        ("parcel-fee.example/pay", CodeKind.LINK, "https://parcel-fee.example/pay", "https://parcel-fee.example/pay"),
        ("HTTP://PARCEL-FEE.EXAMPLE", CodeKind.LINK, "HTTP://PARCEL-FEE.EXAMPLE", "HTTP://PARCEL-FEE.EXAMPLE"),
        (
            "https://line.me/R/ti/p/%40jobthai88",
            CodeKind.LINE_FRIEND,
            "@jobthai88",
            "https://line.me/R/ti/p/%40jobthai88",
        ),
        ("https://lin.ee/AbC1", CodeKind.LINE_FRIEND, "https://lin.ee/AbC1", "https://lin.ee/AbC1"),
        ("https://line.me/R/ti/g/AbC", CodeKind.LINE_GROUP, "https://line.me/R/ti/g/AbC", "https://line.me/R/ti/g/AbC"),
        (
            "https://line.me/ti/g2/AbC?x=1",
            CodeKind.LINE_GROUP,
            "https://line.me/ti/g2/AbC?x=1",
            "https://line.me/ti/g2/AbC?x=1",
        ),
        ("https://line.me/R/au/q/abc", CodeKind.LOGIN, "LINE", ""),
        ("tg://login?token=abc", CodeKind.LOGIN, "Telegram", ""),
        ("2@" + "aB3+/" * 12 + ",abc==", CodeKind.LOGIN, "WhatsApp", ""),
        ("otpauth://totp/A:me?secret=JBSWY3DP&issuer=Sommut%20Bank", CodeKind.CODE_SEED, "Sommut Bank", ""),
        ("https://get.example/bank.apk", CodeKind.APP, "https://get.example/bank.apk", "https://get.example/bank.apk"),
        (
            "market://details?id=th.example",
            CodeKind.APP,
            "market://details?id=th.example",
            "market://details?id=th.example",
        ),
        ("WIFI:T:WPA;S:Cafe\\;1;P:secret;;", CodeKind.WIFI, "Cafe;1", ""),
        ("BEGIN:VCARD\nFN:Sommut Jaikla\nTEL;CELL:0810001234\nEND:VCARD", CodeKind.CARD, "Sommut Jaikla", "0810001234"),
        (
            "MECARD:N:Jaikla,Sommut;TEL:0810001234;URL:x.example;;",
            CodeKind.CARD,
            "Jaikla,Sommut",
            "0810001234\nx.example",
        ),
        ("tel:+66810001234", CodeKind.CALL, "+66810001234", "+66810001234"),
        ("SMSTO:0810001234:สมัคร", CodeKind.SMS, "0810001234", "0810001234\nสมัคร"),
        ("sms:0810001234?body=ok%20go", CodeKind.SMS, "0810001234", "0810001234\nok go"),
        ("mailto:a@b.example?subject=x", CodeKind.EMAIL, "a@b.example", "a@b.example"),
        ("bitcoin:bc1qexample0000?amount=1", CodeKind.COINS, "xxx-0000", "bc1qexample0000"),
        ("8850000000017", CodeKind.NUMBER, "8850000000017", ""),
        ("กลุ่มลับรับเงินคืน", CodeKind.TEXT, "กลุ่มลับรับเงินคืน", "กลุ่มลับรับเงินคืน"),
    ],
)
def test_what_scanning_would_do_is_told_apart(content: str, kind: CodeKind, value: str, judged: str) -> None:
    code = decode(content)
    assert (code.kind, code.value, code.judged) == (kind, value, judged)
    assert code.dangerous is (kind in (CodeKind.LOGIN, CodeKind.CODE_SEED))


@given(
    st.one_of(
        st.text(max_size=300), st.from_regex(r"0002[0-9]{0,60}", fullmatch=True), st.from_regex(r"\|[0-9\r]{0,60}")
    )
)
@settings(max_examples=300, deadline=None)
def test_no_content_breaks_the_reading(content: str) -> None:
    assert decode(content).kind in CodeKind
    assert fields(content) is None or fields(content)


# --- in pictures -------------------------------------------------------------------------------------------------------
def test_forty_codes_of_every_kind_and_wear_are_read_in_time() -> None:
    seconds, missed = [], []
    for number in range(40):
        picture = shown(number)
        page = opened(picture.data)
        began = time.process_time()
        read = [each.text for each in marks(page)]
        seconds.append(time.process_time() - began)
        if not set(picture.contents) <= set(read):
            missed.append((picture.way, picture.contents))
    # One is a stain that covers a corner of the pattern: see the whole run in tests/benchmarks/vision.py.
    assert len(missed) <= 1, missed
    assert sorted(seconds)[len(seconds) // 2] < 0.15


def test_two_codes_come_in_the_order_of_the_page_and_each_once() -> None:
    page = Image.new("L", (800, 1400), 255)
    for number, content in enumerate((CONTENTS[3], CONTENTS[0], CONTENTS[3])):
        page.paste(square(content, 6), (100, 20 + number * 450))
    assert [each.text for each in marks(page.convert("RGB"))] == [CONTENTS[3], CONTENTS[0]]


def test_a_barcode_is_read_as_well() -> None:
    bars = zxingcpp.create_barcode("8850000000010", zxingcpp.BarcodeFormat.EAN13)
    drawn = np.array(zxingcpp.write_barcode_to_image(bars, scale=4))
    page = Image.new("L", (900, 700), 255)
    page.paste(Image.fromarray(drawn), (60, 80))
    assert [each.text for each in marks(page.convert("RGB"))] == ["8850000000010"]


def test_a_code_is_painted_over_before_words_are_read() -> None:
    page = Image.new("RGB", (600, 600), (250, 250, 250))
    page.paste(square(CONTENTS[0], 8).convert("RGB"), (80, 120))
    left = np.asarray(covered(page, marks(page)).convert("L"))
    assert left.min() > 200, "nothing of the pattern is left"
    assert covered(page, []) is page


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_of_three_hundred_pictures_nearly_every_code_is_read() -> None:
    read, seconds = 0, []
    for number in range(300):
        picture = shown(number)
        began = time.process_time()
        found = {each.text for each in marks(opened(picture.data))}
        seconds.append(time.process_time() - began)
        read += set(picture.contents) <= found
    assert read >= 0.99 * 300
    assert sorted(seconds)[285] <= 0.15
