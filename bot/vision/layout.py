"""Lines as read → the words of a message: in order, bubble by bubble, without what belongs to the phone and not to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

# Below this Tesseract has mostly seen edges, faces and patterns.
SUREST_NOISE = 0.60
# A line this much taller or flatter than its neighbours is a picture's outline.
TALLEST, FLATTEST = 3.2, 0.22


@dataclass(frozen=True, slots=True)
class Line:
    """A line of words: its box in pixels, from the top left corner, and how sure the reading is (0 to 1)."""

    text: str
    left: int
    top: int
    right: int
    bottom: int
    sure: float

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand together: a bubble, a paragraph. `place` is its box in the picture (left, top, right, bottom)."""

    lines: tuple[Line, ...]
    place: tuple[int, int, int, int]

    @classmethod
    def of(cls, lines: Sequence[Line]) -> Block:
        left, top = min(each.left for each in lines), min(each.top for each in lines)
        return cls(tuple(lines), (left, top, max(each.right for each in lines), max(each.bottom for each in lines)))

    @property
    def letters(self) -> int:
        return sum(_letters(each.text) for each in self.lines)

    @property
    def text(self) -> str:
        return joined([each.text for each in self.lines])


# So few letters beside a whole message are a face, an ornament, a battery.
FEWEST_LETTERS = 4
WHOLE_MESSAGE = 20
# And alone they must be read without a doubt.
SURE_ALONE = 0.88


def message(found: Sequence[Block]) -> list[Block]:
    """The blocks that are worth telling, now that each has been read for good."""
    kept = [block for block in found if block.lines and not (len(block.lines) == 1 and is_furniture(block.text))]
    whole = max((block.letters for block in kept), default=0) >= WHOLE_MESSAGE
    return [block for block in kept if block.letters > FEWEST_LETTERS or not (whole or _is_doubtful(block))]


def _is_doubtful(block: Block) -> bool:
    return max(each.sure for each in block.lines) < SURE_ALONE


def blocks(lines: Sequence[Line], width: int, height: int) -> list[Block]:
    """The message's blocks from top to bottom; `width` and `height` are the picture's."""
    rows = _rows(words_only(lines))
    rows = [row for row in rows if not (row[0].middle < STATUS_PART * height and _STATUS.match(row[0].text))]
    rows = [[each for each in row if not _is_label(each.text)] for row in rows]
    made = _together(_without_poster([row for row in rows if row], height))
    made = [block for block in made if not (len(block.lines) == 1 and is_furniture(block.text))]
    return _without_head(made, height) if height >= PHONE_SHAPED * width else made


def _letters(text: str) -> int:
    return sum(letter.isalnum() or "\u0e30" <= letter <= "\u0e4e" for letter in text)


def words_only(lines: Sequence[Line]) -> list[Line]:
    """The lines that are words, not edges and patterns. An address is in no dictionary, so Tesseract is never sure of
    one; a line with one, or with the last letter of a bubble, counts where it stands with lines that are sure."""
    sure = [
        each for each in lines if each.sure >= SUREST_NOISE and _letters(each.text) >= 2 and not _is_scribble(each.text)
    ]
    if not sure:
        return []
    usual = median([each.height for each in sure for _ in range(_letters(each.text))])
    sure = [each for each in sure if FLATTEST * usual <= each.height <= TALLEST * usual]

    def counts(each: Line) -> bool:
        good = (
            _ADDRESS.search(each.text)
            if each.sure < SUREST_NOISE
            else each.text.isalnum() and each.height > 0.5 * usual
        )
        return bool(good) and any(_near(each, other, usual) for other in sure)

    return [each for each in lines if each in sure or counts(each)]


def _near(line: Line, other: Line, usual: float) -> bool:
    apart = max(line.top - other.bottom, other.top - line.bottom)
    return line is not other and apart < usual and min(line.right, other.right) > max(line.left, other.left)


_ADDRESS = re.compile(r"[A-Za-z0-9@][\w./:@-]{4,}", re.ASCII)
# Of a text without blanks.
_SCRIBBLE = re.compile(r"(.)\1{5,}|\A(?:[^\w\u0e01-\u0e4e]|_){3,}\Z")


def _is_scribble(text: str) -> bool:
    """Hardly any letters among the marks, or one mark after the other."""
    solid = re.sub(r"\s", "", text)
    return _letters(solid) * 2 < len(solid) or bool(_SCRIBBLE.search(solid))


def _rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines side by side make a row; rows from top to bottom, in each from left to right."""
    rows: list[list[Line]] = []
    for each in sorted(lines, key=lambda one: one.middle):
        beside = next((row for row in rows[-3:] if _beside(row, each)), None)
        if beside is None:
            rows.append([each])
        else:
            beside.append(each)
    return [sorted(row, key=lambda one: one.left) for row in rows]


def _beside(row: Sequence[Line], line: Line) -> bool:
    last = row[-1]
    overlap = min(last.bottom, line.bottom) - max(last.top, line.top)
    apart = all(line.left >= one.right - 8 or line.right <= one.left + 8 for one in row)
    return apart and overlap > 0.5 * min(last.height, line.height)


# --- what belongs to the phone -----------------------------------------------------------------------------------------
_CLOCK = r"\d{1,2}\s?[:.;]\s?\d{2}(?:\s?(?:น\.?|am|pm|AM|PM))?"
_DAY = r"(?:วันนี้|เมื่อวาน|today|yesterday|(?:วัน)?(?:จันทร์|อังคาร|พุธ|พฤหัส\w*|ศุกร์|เสาร์|อาทิตย์)|(?:จ|อ|พ|พฤ|ศ|ส|อา)\.|mon|tue|wed|thu|fri|sat|sun)"
_DATE = r"\d{1,2}\s?(?:[/.]\s?\d{1,2}(?:\s?[/.]\s?\d{2,4})?|(?:ม\.ค|ก\.พ|มี\.ค|เม\.ย|พ\.ค|มิ\.ย|ก\.ค|ส\.ค|ก\.ย|ต\.ค|พ\.ย|ธ\.ค)\.(?:\s?\d{2,4})?|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)"
_ENDS = r"\W{0,4}"
# Marks above the letters are what is lost first.
_UNTONED = dict.fromkeys(range(0x0E47, 0x0E4F))
_LABEL = re.compile(
    rf"\A{_ENDS}(?:"
    rf"{_CLOCK}"
    rf"|(?:อ่านแล้ว|ส่งแล้ว|read|seen|delivered|sent)(?:\s?\d+)?(?:{_ENDS}{_CLOCK})?"
    r"|(?:ถูกใจ|แสดงความคิดเห็น|แชร์|like|comment|share|ตอบกลับ|reply|ดูคำแปล|see translation|\W|\s)+"
    r"|(?:[345]g|lte|wifi|4g\+|ais|true-?h?|dtac|\d{1,3}\s?%|\W|\s)+"
    rf"){_ENDS}\Z".translate(_UNTONED),
    re.IGNORECASE,
)
# These are words of a message as well, so they count as the phone's own only where they stand alone.
_ALONE = re.compile(
    rf"\A{_ENDS}(?:"
    rf"(?:{_DAY}|{_DATE}|{_DAY}{_ENDS}{_DATE})(?:{_ENDS}(?:at\s|เวลา\s?)?{_CLOCK})?"
    r"|\d{1,2}\s?(?:ชม|นาที|วัน|h|hr|hrs|min|mins|m|d|ชั่วโมง)\.?(?:\s?ที่แล้ว)?"
    r"|ได้รับการสนับสนุน|ผู้สนับสนุน|sponsored|suggested for you|แนะนำสำหรับคุณ|การแจ้ง[เแ]?[ตด]ือน|notifications?"
    r"|ข้อความ(?:\s?sms)?|text message|imessage|sms|aa|message|พิมพ์ข้อความ\S*|type a message|ป้อนข้อความ|ส่ง|send"
    rf"){_ENDS}\Z".translate(_UNTONED),
    re.IGNORECASE,
)
# The very top of a screen: a clock, and beside it the network and the battery.
_STATUS = re.compile(rf"\A\W{{0,3}}{_CLOCK}(?:\W|\Z)")
STATUS_PART = 0.07
# Below it the name of who writes, or of the app.
HEAD_PART = 0.145
LONGEST_HEAD = 20
PHONE_SHAPED = 1.3


def _is_label(text: str) -> bool:
    return bool(_LABEL.match(_tight(text)))


def is_furniture(text: str) -> bool:
    """Whether words are the phone's or the app's own: a clock, a date, a button, an empty field."""
    tight = _tight(text)
    return bool(_LABEL.match(tight) or _ALONE.match(tight))


def _tight(text: str) -> str:
    """Without the blanks that reading puts between Thai letters, and without tone marks."""
    return re.sub(r"(?<=[\u0e01-\u0e4e]) +(?=[\u0e01-\u0e4e])", "", text.strip()).translate(_UNTONED)


# Under a post's author stands when, or that it is paid for.
_POSTED = re.compile(
    rf"\A{_ENDS}(?:\d{{1,2}}\s?(?:ชม|นาที|วัน|h|hrs?|mins?|m|d)\.?|.?[ดเ]้?รับการสนับ ?สนุน|sponsored){_ENDS}\Z".translate(
        _UNTONED
    ),
    re.IGNORECASE,
)
POSTED_PART = 0.2


def _without_poster(rows: list[list[Line]], height: int) -> list[list[Line]]:
    """Without the author of a post and the line under the name."""
    for number, row in enumerate(rows[:3]):
        if row[0].bottom < POSTED_PART * height and _POSTED.match(_tight(" ".join(each.text for each in row))):
            return rows[number + 1 :]
    return rows


def _without_head(made: list[Block], height: int) -> list[Block]:
    """Without the short words at the very top that stand apart: who writes, which app. Never most of the message."""
    whole = sum(block.letters for block in made)
    heads = 0
    for block in made[:3]:
        own = [each for each in block.lines if not is_furniture(each.text)]
        long = len(own) > 1 or sum(_letters(each.text) for each in own) > LONGEST_HEAD
        if long or block.place[3] > HEAD_PART * height:
            break
        heads += 1
    left = sum(block.letters for block in made[heads:])
    return made[heads:] if left * 2 >= whole or left >= 40 else made


# --- what stands together ------------------------------------------------------------------------------------------------
# Between the lines of a paragraph there is less than a line's height.
WIDEST_GAP = 0.95


def _together(rows: Sequence[Sequence[Line]]) -> list[Block]:
    """Rows under each other make a block; a row of several lines is taken for one line with a wide gap."""
    made: list[list[Line]] = []
    for row in rows:
        whole = replace(
            row[0],
            text=" ".join(each.text.strip() for each in row),
            right=max(each.right for each in row),
            top=min(each.top for each in row),
            bottom=max(each.bottom for each in row),
            sure=min(each.sure for each in row),
        )
        if made and _continues(made[-1], whole):
            made[-1].append(whole)
        else:
            made.append([whole])
    return [Block.of(lines) for lines in made]


def _continues(block: Sequence[Line], line: Line) -> bool:
    last = block[-1]
    usual = median([each.height for each in (*block, line)])
    beside = min(last.right, line.right) - max(last.left, line.left) > 0
    alike = abs(block[0].left - line.left) < 2.5 * usual
    return beside and alike and line.top - last.bottom < WIDEST_GAP * usual


_THAI_END = re.compile(r"[\u0e01-\u0e4e]\Z")
_THAI_START = re.compile(r"\A[\u0e01-\u0e4e]")
_BROKEN_END = re.compile(r"(?:://|\w\.\w)\S*[/\-.=_?&:]\Z|https?\Z", re.ASCII)
_BROKEN_START = re.compile(r"\A(?:[/?=&]|://)\S")


def joined(lines: Sequence[str]) -> str:
    """The lines of one paragraph as it was before it was broken: Thai has no blank there, a broken address neither."""
    text = ""
    for each in lines:
        line = each.strip()
        tight = (_THAI_END.search(text) and _THAI_START.match(line)) or _BROKEN_END.search(text)
        tight = tight or (_BROKEN_START.match(line) and re.search(r"\w\Z", text))
        text += line if tight or not text else " " + line
    return text
