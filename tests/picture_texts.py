"""Invented messages for the test pictures: scams and everyday ones, Thai, English and mixed. A `|` begins a new bubble."""

from __future__ import annotations

import random
from dataclasses import dataclass

SCAMS = (
    "[ไปรษณีย์] พัสดุของท่านถูกตีกลับเนื่องจากที่อยู่ไม่ครบ กรุณาชำระค่าธรรมเนียม {small} บาท ที่ {url} ภายใน 24 ชั่วโมง",
    "แจ้งเตือนพัสดุตกค้าง เลขที่ {track} กดลิงก์เพื่อยืนยันที่อยู่และจ่ายค่าจัดส่ง {url}",
    "ธนาคารแจ้งระงับบัญชีของท่านชั่วคราว กรุณายืนยันตัวตนทันทีที่ {url} มิฉะนั้นบัญชีจะถูกปิดถาวร",
    "บัญชีของคุณมีการเข้าสู่ระบบผิดปกติ|กรุณากรอกรหัส OTP และเลขบัตรประชาชนที่ลิงก์นี้ {url}",
    "ผมร้อยตำรวจเอกสมมติ ใจกล้า สภ.เมือง บัญชีของคุณพัวพันคดีฟอกเงิน|ห้ามบอกใคร ห้ามวางสาย โอนเงินมาตรวจสอบที่บัญชี {account} ก่อนเที่ยง",
    "สำนักงานป้องกันการฟอกเงินแจ้งว่าท่านมีหมายจับ ให้โอนเงินทั้งหมดเข้าบัญชีกลางเพื่อตรวจสอบภายในวันนี้",
    "เงินกู้ด่วน อนุมัติไวใน 5 นาที ไม่เช็กแบล็กลิสต์ วงเงิน {big} บาท|แอดไลน์ {line} โอนค่ามัดจำ {small} บาทก่อนรับเงิน",
    "ท่านได้รับสิทธิ์สินเชื่อ {big} บาท ดอกเบี้ย 0% สมัครที่ {url} ค่าดำเนินการ {small} บาท",
    "รับสมัครงานออนไลน์ ทำที่บ้าน กดไลก์กดแชร์ รายได้วันละ {small}-{mid} บาท|สนใจทักไลน์ {line} โอนทุนสำรองก่อนเริ่มงาน",
    "ภารกิจที่ 3 โอนเงิน {mid} บาท รับคืน {big} บาทภายใน 10 นาทีค่ะ|รีบทำนะคะ ไม่งั้นถอนเงินเดิมไม่ได้",
    "ลงทุนหุ้นกับทีมอาจารย์ ผลตอบแทน 30% ต่อสัปดาห์ การันตีไม่ขาดทุน|เริ่มต้นเพียง {mid} บาท แอดไลน์ {line}",
    "เทรดทองกับเรา กำไรวันละ {mid} บาท ปันผลทุกวัน ไม่มีความเสี่ยง เปิดพอร์ตที่ {url}",
    "ยินดีด้วย! คุณเป็นผู้โชคดีได้รับโทรศัพท์มือถือฟรี|กดรับรางวัลที่ {url} ชำระค่าภาษี {small} บาท",
    "คุณได้รับเงินรางวัล {big} บาท จากกิจกรรมครบรอบ โอนค่าภาษีก่อนรับรางวัลที่บัญชี {account}",
    "การไฟฟ้าแจ้งคืนเงินค่าประกันมิเตอร์ {mid} บาท ลงทะเบียนรับเงินที่ {url} หรือเพิ่มเพื่อน {line}",
    "แจ้งตัดไฟวันนี้ เนื่องจากค้างชำระ {mid} บาท ชำระด่วนผ่านลิงก์ {url}",
    "แม่ หนูเอง มือถือพัง นี่เบอร์ใหม่|ช่วยโอนให้หน่อย {mid} บาท เดี๋ยวเย็นคืน บัญชีเพื่อนหนู {account}",
    "พี่ ยืมเงินก่อน {mid} บาทได้ไหม โอนเข้าบัญชีนี้ก่อนนะ {account} พรุ่งนี้คืน อย่าเพิ่งบอกใคร",
    "กรมสรรพากร แจ้งคืนภาษี {mid} บาท ดาวน์โหลดแอปและกรอกข้อมูลที่ {url}",
    "กรมที่ดินแจ้งลดภาษีที่ดิน กรุณาติดตั้งแอปตามลิงก์ {url} แล้วกรอกรหัส 6 หลัก",
    "เงินดิจิทัล 10,000 บาท ลงทะเบียนรอบเก็บตก|กดลิงก์ {url} กรอกเลขบัตรประชาชนและเลขบัญชี",
    "เว็บตรง สล็อตแตกง่าย สมัครวันนี้รับเครดิตฟรี {small} บาท ฝากถอนออโต้ {url}",
    "หวยออนไลน์ บาทละ 900 เลขเด็ดงวดนี้จากอาจารย์ดัง แม่น 100% แอดไลน์ {line}",
    "สวัสดีที่รัก ฉันส่งของขวัญมาให้คุณแล้ว|พัสดุติดที่ศุลกากร ช่วยโอนค่าภาษี {big} บาทก่อนนะ แล้วฉันจะคืนให้เมื่อถึงไทย",
    "ฉันเป็นแพทย์ทหารที่ซีเรีย อยากใช้ชีวิตกับคุณที่ไทย|ขอให้ช่วยรับกล่องเงินและจ่ายค่าขนส่ง {big} บาท",
    "เรามีคลิปลับของคุณ ถ้าไม่โอน {big} บาทภายใน 2 ชั่วโมง จะส่งให้เพื่อนทุกคนในเฟซบุ๊ก",
    "รับซื้อบัญชีธนาคาร เปิดบัญชีม้า ให้ราคาเล่มละ {mid} บาท ทักไลน์ {line}",
    "ที่พักหัวหินติดทะเล ลดเหลือคืนละ {small} บาท โอนเต็มจำนวนล่วงหน้าเข้าบัญชี {account} ห้องใกล้เต็มแล้ว",
    "ขายบัตรคอนเสิร์ตราคาถูก เหลือ 2 ใบสุดท้าย โอนมัดจำ {mid} บาท บัญชี {account} ส่งบัตรทีหลัง",
    "เราช่วยตามเงินที่ถูกโกงคืนได้ 100% โดยทีมทนาย|ค่าดำเนินการ {mid} บาท ติดต่อไลน์ {line}",
    "ใบสั่งจราจร ท่านค้างค่าปรับ {small} บาท ชำระภายในวันนี้ที่ {url} มิฉะนั้นจะถูกดำเนินคดี",
    "งานต่างประเทศ เงินเดือน {big} บาท ไม่ต้องใช้ภาษา ที่พักฟรี แค่ส่งสำเนาพาสปอร์ตและค่านายหน้า {mid} บาท",
    "ติดตั้งแอปนี้ให้เจ้าหน้าที่ช่วยแก้ปัญหาเครื่องของท่าน {url} แล้วแจ้งรหัสหน้าจอให้เรา",
    "Your parcel is on hold. Pay the {small} THB redelivery fee at {url} within 24 hours.",
    "Dear customer, your bank account is suspended. Verify your identity now: {url}|Do not share this message.",
    "We are hiring! Work from home, earn {mid} baht a day by liking videos.|Add LINE {line} and pay a {small} baht deposit.",
    "Hi mum, this is my new number. My phone broke.|Can you transfer {mid} baht to this account {account}? I will pay you back tonight.",
    "Congratulations! You won {big} baht. Pay the tax first at {url} to claim your prize.",
    "Invest with our AI trading bot. Guaranteed 25% profit every week, no risk. Join {url}",
    "Police notice: a warrant is out for you. Transfer your savings to the safe account {account} for inspection today.",
)
HONEST = (
    "แม่ เย็นนี้กลับบ้านดึกหน่อยนะ ไม่ต้องรอกินข้าว|ซื้อขนมครกมาฝากด้วย",
    "พรุ่งนี้นัดหมอฟัน 10 โมงครึ่ง อย่าลืมเอาบัตรประชาชนไปด้วยนะ",
    "วันอาทิตย์นี้ทำบุญบ้านป้าแดง ไปกันกี่คน|เดี๋ยวขับรถไปรับตอนเจ็ดโมงเช้า",
    "ประชุมเลื่อนเป็นบ่ายสองครึ่งนะคะ ห้องเดิม ชั้น 4",
    "ฝนตกหนักมาก น้ำท่วมหน้าปากซอยแล้ว กลับทางอื่นดีกว่า",
    "ขอบคุณที่ใช้บริการ ร้านปิดวันจันทร์ เปิดอีกครั้งวันอังคาร เวลา 09.00 น.",
    "ครูแจ้งผู้ปกครอง วันศุกร์นี้นักเรียนหยุดหนึ่งวัน เปิดเรียนปกติวันจันทร์",
    "น้ำพริกของยายอร่อยมาก ขอสูตรหน่อยได้ไหมคะ|เอาไว้ทำกินเองที่บ้าน",
    "หลานสอบติดมหาวิทยาลัยแล้ว ดีใจมากเลย เดี๋ยวส่งรูปให้ดูนะ",
    "ไปตลาดมาแล้ว ผักแพงขึ้นอีก วันนี้แกงส้มกันไหม",
    "สุขสันต์วันเกิดนะคะ ขอให้สุขภาพแข็งแรง มีความสุขทุกวัน",
    "ยอดใช้จ่ายบัตรลงท้าย 4321 จำนวน {small} บาท ที่ร้านกาแฟ เวลา 08:15 น.",
    "เงินเข้าบัญชี x-1234 จำนวน {mid} บาท คงเหลือ {big} บาท วันที่ 12/11",
    "พัสดุของคุณถึงศูนย์คัดแยกแล้ว คาดว่าจัดส่งวันพรุ่งนี้",
    "รถตู้ออกจากหมอชิตเที่ยวบ่ายสาม ถึงบ้านประมาณหกโมงเย็น",
    "ออกกำลังกายเช้านี้ที่สวนสาธารณะ เดินได้ห้าพันก้าว|พรุ่งนี้ไปด้วยกันไหม",
    "ยาของพ่อหมดวันพฤหัส ต้องไปรับที่โรงพยาบาลก่อนเที่ยง",
    "Dinner at seven on Saturday? Auntie is cooking green curry.",
    "The meeting moved to 14:30 in the same room. Please bring the report.",
    "Your appointment at the dental clinic is on Friday at 10:30.",
    "Happy birthday! Hope you have a lovely day with the family.",
    "I left the keys with the neighbour. Feed the cat when you get home.",
    "ไฟล์งานส่งในกลุ่มแล้วนะ ช่วย check หน้า 3 กับหน้า 7 ด้วย thanks",
    "ขอบคุณค่ะ ได้รับของแล้ว สภาพดีมาก แพ็กมาแน่นหนา|ไว้จะมาอุดหนุนใหม่นะคะ",
)
URLS = (
    "https://parcel-fee.example/pay", "thaipost-th.example/ref", "https://kbank-secure.example/login", "line-gift.example",
    "https://tax-refund.example/th", "bit.ly/3xAmple", "https://pea-refund.example/a1", "https://win-prize.example/th99",
)  # fmt: skip


@dataclass(frozen=True)
class Invented:
    """A message: its bubbles, and whether it was made as a scam."""

    bubbles: tuple[str, ...]
    scam: bool

    @property
    def text(self) -> str:
        return "\n".join(self.bubbles)


def invented(number: int) -> Invented:
    """The message of this number: the same at every call; every template comes up before one comes again."""
    templates = [(text, True) for text in SCAMS] + [(text, False) for text in HONEST]
    random.Random(7).shuffle(templates)
    template, scam = templates[number % len(templates)]
    dice = random.Random(number * 7919 + 1)
    filled = template.format(
        url=dice.choice(URLS),
        small=dice.choice((29, 39, 49, 150, 290, 350, 500)),
        mid=f"{dice.choice((1200, 2500, 3800, 5000, 8500)):,}",
        big=f"{dice.choice((20000, 50000, 80000, 120000)):,}",
        account=f"{dice.randrange(100, 999)}-0-00{dice.randrange(100, 999)}-{dice.randrange(10)}",
        line="@" + dice.choice(("jobthai88", "rich.team", "loan2go", "help_cash", "gold99th")),
        track=f"TH{dice.randrange(10**11, 10**12)}",
    )
    return Invented(tuple(filled.split("|")), scam)
