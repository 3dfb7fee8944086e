"""Links, numbers, accounts and names of accounts in a text, and what the directory says of them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content import directory, identifiers
from content.cleaning import read, readable
from content.directory import Hosts
from content.identifiers import Kind
from content.models import Both, BothLines, Organisation, Source


def found(text: str, kind: Kind) -> list[str]:
    return [each.value for each in identifiers.find(readable(text)) if each.kind is kind]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("กดลิงก์ https://a.example/x นะ", "https://a.example/x"),
        ("กดwww.thaipost-fee.top/abcนะคะ", "www.thaipost-fee.top/abc"),
        ("เข้าที่ parcel-th.xyzด่วน", "parcel-th.xyz"),
        ("hxxps://bank[.]secure-th[.]com/login", "https://bank.secure-th.com/login"),
        ("bank(dot)secure-th(dot)com", "bank.secure-th.com"),
        ("ดูที่ secure-th . com", "secure-th.com"),
        ("http://203.0.113.9/login", "http://203.0.113.9/login"),
        ("(https://a.example/b).", "https://a.example/b"),
        ("HTTPS://A.Example/B", "https://a.example/B"),
        ("ｂｉｔ．ｌｙ/ａｂ", "bit.ly/ab"),
        ("bit.\u200bly/ab", "bit.ly/ab"),
    ],
)
def test_links_are_found_in_every_dress(text: str, link: str) -> None:
    assert found(text, Kind.URL) == [link]


@pytest.mark.parametrize(
    "text", ["เวลา 8.00 น.", "Ok.so what", "no.1 in town", "see you...then", "ราคา 5.50บาท", "ป.ล. ไปก่อน"]
)
def test_a_full_stop_makes_no_link(text: str) -> None:
    assert found(text, Kind.URL) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("โทร 02-000-1234", "020001234"),
        ("0-2888-8888", "028888888"),
        ("081-000-1234", "0810001234"),
        ("+66 81 000 1234", "0810001234"),
        ("๐๘๑-๐๐๐-๑๒๓๔", "0810001234"),
        ("โทร081 000 1234ค่ะ", "0810001234"),
        ("+697 012 345 678", "+697012345678"),
        ("053-000-123", "053000123"),
    ],
)
def test_phone_numbers_are_found(text: str, number: str) -> None:
    assert found(text, Kind.PHONE) == [number]


def test_short_numbers_are_kept_apart_and_need_a_word_for_calling() -> None:
    assert found("โทรสายด่วน 1441", Kind.HOTLINE) == ["1441"]
    assert found("ชั้น 1441 คน", Kind.HOTLINE) == []


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("โอนเข้าบัญชีกสิกร 123-4-56789-0", Kind.ACCOUNT, "1234567890"),
        ("เลขที่บัญชี 020012345678 ออมสิน", Kind.ACCOUNT, "020012345678"),
        ("พร้อมเพย์ 081-000-1234", Kind.PROMPTPAY, "0810001234"),
        ("แอดไลน์ @money24h", Kind.LINE_ID, "@money24h"),
        ("ไลน์ไอดี lucky_cha55", Kind.LINE_ID, "lucky_cha55"),
        ("LINE ID: abc.123", Kind.LINE_ID, "abc.123"),
        ("ส่งมาที่ somebody@mail.example", Kind.EMAIL, "somebody@mail.example"),
        ("โอนไป 0x52908400098527886E0F7030069857D2E4169EE7", Kind.WALLET, "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("TRC20 TJRabPrwbZy45sbavfcjinPJC18kjpRTv8", Kind.WALLET, "TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"),
        ("พัสดุ RC123456789TH", Kind.TRACKING, "RC123456789TH"),
        ("OTP ของท่านคือ 482913", Kind.CODE, "482913"),
        ("ยอด 5,000 บาท", Kind.AMOUNT, "5000บาท"),
        ("ได้วันละสามพันบาท", Kind.AMOUNT, "สามพันบาท"),
        ("only $250 today", Kind.AMOUNT, "$250"),
    ],
)
def test_accounts_names_and_sums_are_found(text: str, kind: Kind, value: str) -> None:
    assert found(text, kind) == [value]


def test_words_after_line_are_no_names() -> None:
    assert found("call me on line today, LINE official account", Kind.LINE_ID) == []


@given(st.text(max_size=300))
def test_finding_never_raises_and_spans_never_overlap(text: str) -> None:
    plain = readable(text)
    last = 0
    for each in identifiers.find(plain):
        assert last <= each.start < each.end <= len(plain)
        last = each.end


@given(st.text(alphabet="abc019.-/:@ []()+ไลน์บาท", max_size=120))
def test_finding_survives_what_looks_like_identifiers(text: str) -> None:
    for each in identifiers.find(readable(text)):
        assert each.value


@pytest.mark.parametrize(
    "piece", ["a.", "1 ", "@a", "http://", "ไลน์ ", "1,", "www.", "a-", "รหัส ", ".", "(dot)", "x@", "0x", "บัญชี1"]
)
def test_a_million_repeats_do_not_run_away(piece: str) -> None:
    text = read(piece * (1_000_000 // len(piece))).readable
    began = time.process_time()
    identifiers.find(text)
    assert time.process_time() - began < 1.0


# --- the directory ---------------------------------------------------------------------------------------------

_SOURCE = Source(title="invented", where="nowhere", dated="undated")


def _organisation(name: str, *domains: str, verified: bool = True, **more: object) -> Organisation:
    return Organisation.model_validate(
        {
            "id": name,
            "kind": "bank",
            "name": Both(th=name, en=name.title()),
            "domains": domains,
            "sources": (_SOURCE,),
            "verified": verified,
            **more,
        }
    )


@pytest.fixture(scope="module")
def book() -> directory.Directory:
    return directory.build(
        [
            _organisation("siambank", "siambank.co.th", link_domains=("link.smbk",), line_ids=("@siambank",)),
            _organisation("revenue", "rd.go.th", numbers=("1161",)),
            _organisation(
                "parcelsiam",
                "parcelsiam.co.th",
                nicknames=BothLines(th=("พัสดุสยาม",), en=("ParcelSiam",)),
            ),
            _organisation("doubtful", "doubtful.example", verified=False),
        ],
        Hosts(frozenset({"bit.ly"}), frozenset({"sites.example"}), frozenset({"top", "xyz"})),
        {"1441": "aoc-1441"},
    )


@pytest.mark.parametrize(
    ("link", "finding"),
    [
        ("https://www.siambank.co.th/login", "official:siambank"),
        ("link.smbk/abc", "official:siambank"),
        ("siambank-secure.top", "lookalike:siambank.co.th"),
        ("https://siambank.co.th.evil.example/a", "lookalike:siambank.co.th"),
        ("siambamk.com", "lookalike:siambank.co.th"),
        ("s1ambank.net", "lookalike:siambank.co.th"),
        ("siаmbank.com", "lookalike:siambank.co.th"),
        ("xn--simbank-3fg.com", "lookalike:siambank.co.th"),
        ("rd.go.th.refund.top", "lookalike:rd.go.th"),
        ("rd-go-th.com", "lookalike:rd.go.th"),
        ("parcel-siam.club", "lookalike:parcelsiam.co.th"),
        ("bit.ly/abc", "shortener"),
        ("somebody.sites.example/x", "shared_host"),
        ("http://203.0.113.9/x", "raw_ip"),
        ("parcel-now.top", "odd_ending"),
        ("doubtful.example", "unknown"),
        ("somewhere.example", "unknown"),
        ("xn--12c1fe0br.com", "punycode"),
    ],
)
def test_a_link_is_judged_by_who_registered_it(book: directory.Directory, link: str, finding: str) -> None:
    assert book.judge_link(link) == finding


def test_unverified_organisations_never_count_in_favour(book: directory.Directory) -> None:
    assert not book.judge_link("https://doubtful.example/").startswith("official")


def test_numbers_and_names_are_looked_up(book: directory.Directory) -> None:
    assert book.judge_number("1161") == "official:revenue"
    assert book.judge_number("1441") == "official:aoc-1441"
    assert book.judge_number("0810001234") == "unknown"
    assert book.judge_line("@SiamBank") == "official:siambank"
    assert book.judge_line("@siambank24") == "unknown"


@given(st.text(max_size=80))
def test_judging_never_raises(link: str) -> None:
    book = directory.build([_organisation("siambank", "siambank.co.th")], Hosts(), {})
    assert book.judge_link(link)
