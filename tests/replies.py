"""Replies as the handlers make them, one for each tone, for the tests of rendering and sending.

The rendered payloads stand in `tests/payloads/`; after a wanted change, write them anew and read the diff:

    RUTAN_PAYLOADS=write .venv/bin/python -m pytest tests/test_line.py tests/test_telegram.py -k agreed
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from content.models import Language
from handlers.messages import Button, ButtonKind, Reply, Section, Tone, line

CALL = Button("โทร 1441", ButtonKind.CALL, "1441")
POLICE = Button("แจ้งความออนไลน์", ButtonKind.OPEN, "https://www.thaipoliceonline.go.th")
REPORT = Button("รายงานข้อความนี้", ButtonKind.TAP, "report")
PAID = Button("โอนเงินไปแล้ว", ButtonKind.TAP, "paid")
USEFUL = Button("มีประโยชน์", ButtonKind.TAP, "useful:1")

ALARM = Reply(
    title="อันตราย นี่คือกลโกง พัสดุตกค้าง",
    summary="กลโกงพัสดุตกค้าง อย่ากดลิงก์ อย่าจ่ายเงิน สงสัยโทร 1441",
    language=Language.THAI,
    tone=Tone.ALARM,
    sections=(
        Section("ทำไมเราคิดอย่างนั้น", (line("เขาให้กดลิงก์ **parcel-fee.example** เพื่อจ่ายค่าธรรมเนียม"),)),
        Section("ทำตอนนี้", (line("**อย่ากดลิงก์**"), line("โทรถามขนส่งด้วยเบอร์ที่หาเอง")), steps=True),
    ),
    buttons=(CALL, POLICE),
    quick=(REPORT, PAID, USEFUL),
)
CAUTION = Reply(
    title="มีสัญญาณเตือน ระวังไว้ก่อน",
    summary="มีสัญญาณเตือน อย่าเพิ่งโอนเงิน โทรถาม 1441 ก่อน",
    language=Language.THAI,
    tone=Tone.CAUTION,
    sections=(Section("", (line("เขาเร่งให้ตัดสินใจ"), line("เขาขอ **รหัส OTP**"))),),
    buttons=(CALL,),
)
CALM = Reply(
    title="We don't know this one",
    summary="We don't know this message. If it asks for money or a code, stop and call 1441.",
    language=Language.ENGLISH,
    tone=Tone.CALM,
    sections=(Section("What to do", (line("Don't pay yet."), line("Ask somebody you trust.")), steps=True),),
    buttons=(Button("Call 1441", ButtonKind.CALL, "1441"),),
    quick=(Button("Report it", ButtonKind.TAP, "report"),),
)
PLAIN = Reply(
    title="ส่งมาให้เราดูได้เลย",
    summary="ส่งข้อความ ลิงก์ เบอร์ หรือเลขบัญชีที่สงสัยมาให้เราดู",
    language=Language.THAI,
    quick=(REPORT, PAID),
)
URGENT = Reply(
    title="โทรหาธนาคารเดี๋ยวนี้",
    summary="โอนไปแล้ว ให้โทรหาธนาคารแล้วโทร 1441 ทันที",
    language=Language.THAI,
    tone=Tone.URGENT,
    sections=(Section("", (line("โทรหาธนาคาร บอกให้ระงับบัญชี"), line("โทร **1441**")), steps=True),),
    buttons=(CALL, POLICE),
)
BY_TONE = {each.tone: each for each in (ALARM, CAUTION, CALM, PLAIN, URGENT)}

PAYLOADS = Path(__file__).parent / "payloads"


def agreed(platform: str, name: str, rendered: object) -> None:
    """Fails when a payload differs from the agreed one; writes it where RUTAN_PAYLOADS=write."""
    file = PAYLOADS / f"{platform}-{name}.json"
    if os.environ.get("RUTAN_PAYLOADS") == "write":
        file.write_text(json.dumps(rendered, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert rendered == json.loads(file.read_text(encoding="utf-8"))
