"""What broke in systems of this kind, lesson by lesson: where it is held here, and the tests that had no other home."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conversing import Conversation, labels
from matplotlib.ft2font import FT2Font
from rapidfuzz import fuzz

from bot.street.fonts import Weight, font
from content.identifiers import host_of
from content.knowledge import Knowledge
from content.reported import subjects
from content.verdict import Level, judge
from handlers.messages import Checked, Tone

HERE = Path(__file__).parent
SOURCE = {path: path.read_text(encoding="utf-8") for top in ("bot", "content", "handlers", "scheduler")
          for path in (HERE.parent / top).rglob("*.py")}  # fmt: skip

# Number of the lesson → the tests that hold it, as file:name.
HELD = {
    1: "kill:a_message_older_than_its_reply_token_is_answered_by_one_push_with_a_retry_key web:a_turn_that_breaks_inside_is_apologised_for",
    2: "store:of_many_doubles_at_once_exactly_one_is_taken",
    3: "casebook:two_hundred_reporters_at_once_are_one_case_and_hear_one_answer_each",
    4: "dialogue:an_old_button_explains_itself report:the_buttons_say_the_number_so_that_an_old_one_still_finds_its_report",
    5: "dialogue:several_forwards_at_once_become_one_answer_that_names_each",
    6: "groups:ordinary_talk_in_a_group_is_left_alone groups_conduct:a_day_of_group_life_on_line",
    7: "groups:what_a_group_says_leaves_nothing_behind",
    8: "lessons:a_page_on_a_shared_host_is_known_by_its_full_address_only",
    9: "ledger:three_who_reported_a_number_warn_the_fourth_wherever_they_ask",
    10: "verdict:greetings_emoji_and_nothing_are_no_check matching:a_text_under_four_letters_matches_nothing",
    11: "lessons:a_question_around_a_message_changes_no_level",
    12: "lessons:what_is_shown_is_what_is_counted",
    13: "content:both_languages_have_the_same_placeholders contract:the_script_of_the_answer_follows_the_message_until_a_language_is_chosen",
    14: "contract:no_answer_says_that_anything_is_safe feedback:every_letter_keeps_to_the_limits_and_calls_nothing_safe",
    15: "poisoning:fifty_reports_by_one_person_change_nothing poisoning:nobody_is_heard_against_a_bank",
    16: "casebook:all_of_a_spammers_reports_are_hidden_in_one_step limits:the_third_report_of_a_day_is_kindly_refused_and_the_person_can_still_ask",
    17: "limits:who_is_blocked_hears_why_and_what_still_works limits:a_block_with_an_end_says_from_which_day_reports_are_taken_again",
    18: "report:what_cannot_be_masked_is_not_kept_and_may_be_sent_again",
    19: "desk_pages:the_queue_shows_cases_masked_and_defanged",
    20: "bulletins_store:a_missed_first_is_caught_up_however_late",
    21: "delivery:two_processes_deliver_one_bulletin_once casebook:two_processes_tell_nobody_twice",
    22: "bulletins_store:signing_twice_and_changing_a_word_undoes_it bulletins_store:who_writes_on_an_older_version_is_told",
    23: "bulletins:what_does_not_fit_into_the_quota_is_refused_with_the_figures delivery:a_quota_too_small_at_the_start_pauses_before_anything_leaves",
    24: "delivery:one_wrong_address_costs_only_itself delivery:a_paused_bulletin_goes_on_where_it_was",
    25: "delivery:everybody_gets_it_once_in_their_own_language",
    26: "delivery:every_bulletin_has_the_way_out delivery:who_blocked_us_is_unsubscribed",
    27: "settings:half_a_platform_names_what_is_missing contract:a_fresh_machine_is_told_which_platform_is_off_and_what_turns_it_on",
    28: "casebook:nobody_is_promised_a_day_that_has_passed report:a_promise_that_was_not_kept_is_owned_and_no_day_of_the_past_is_promised",
    29: "lessons:nothing_of_ours_cleans_thai_with_a_tool_that_eats_its_vowels",
    30: "lessons:blanks_in_other_places_change_no_level lessons:one_common_word_makes_no_match",
    31: "line:one_odd_event_costs_only_itself web:an_odd_event_never_costs_its_neighbours",
    32: "store_file:two_stores_on_one_file_lose_no_number",
    33: "dialogue_restart:a_new_process_between_any_two_steps",
    34: "lessons:the_font_of_every_picture_has_thai_and_digits",
}  # fmt: skip
SCAM = "พัสดุของท่านตกค้างที่ศุลกากร กรุณาชำระค่าธรรมเนียม 38 บาท กรอกเลขบัตรและรหัสหลังบัตรที่ลิงก์ parcel-pay-th.example ภายในวันนี้"
SCAM_EN = (
    "Your parcel is held at customs. Pay the 38 baht fee today and enter your card number at parcel-pay-th.example"
)
HONEST = "พรุ่งนี้ประชุมผู้ปกครองเก้าโมงเช้าที่ห้องประชุมใหญ่ ชั้นสองนะคะ อย่าลืมเอาสมุดพกไปด้วย"


def test_every_lesson_is_held_by_tests_that_exist() -> None:
    assert list(HELD) == list(range(1, 35))
    for number, tests in HELD.items():
        for each in tests.split():
            file, _, name = each.partition(":")
            text = (HERE / f"test_{file}.py").read_text(encoding="utf-8")
            assert re.search(rf"^(?:async )?def test_{name}\(", text, re.MULTILINE), (number, each)


def test_a_page_on_a_shared_host_is_known_by_its_full_address_only(knowledge: Knowledge) -> None:
    named = [
        {each.value for each in subjects(f"กรอกแบบฟอร์ม https://docs.google.com/forms/d/{page}", knowledge.directory)}
        for page in ("reported-page-1", "another-page-2")
    ]
    assert named[0].isdisjoint(named[1])
    assert not any(host_of(f"https://{value}") == value for both in named for value in both), "never the host itself"


@pytest.mark.parametrize("before", ["จริงไหมคะ ", "อันนี้จริงหรือเปล่าครับ ช่วยดูให้หน่อย\n", "แม่ส่งมาให้ดู: ", "fw: "])
def test_a_question_around_a_message_changes_no_level(knowledge: Knowledge, before: str) -> None:
    assert judge(before + SCAM, knowledge).level is judge(SCAM, knowledge).level is Level.KNOWN_SCAM
    assert judge(before + HONEST, knowledge).level is judge(HONEST, knowledge).level


@pytest.mark.parametrize("before", ["Is it true that ", "Is this a scam? ", "Fwd: ", "My mum got this: "])
def test_an_english_question_around_a_message_changes_no_level(knowledge: Knowledge, before: str) -> None:
    assert judge(before + SCAM_EN, knowledge).level is judge(SCAM_EN, knowledge).level


def test_what_is_shown_is_what_is_counted(knowledge: Knowledge) -> None:
    talk = Conversation(knowledge)
    shown: dict[Level, set[Tone]] = {}
    for text in (SCAM, SCAM_EN, HONEST, "ให้โอนเงินค่าประกันก่อนแล้วจะส่งของให้ แอดไลน์มานะ", "สวัสดี", "ครับ"):
        reply = talk.says(text)
        counted = [each for each in talk.outcome.events if isinstance(each, Checked)]
        level = counted[0].level if counted else Level.NOT_A_CHECK
        assert level is judge(text, knowledge).level, text
        shown.setdefault(level, set()).add(reply.tone)
        assert (level is Level.KNOWN_SCAM) == reply.title.startswith(("อันตราย", "Danger")), (level, reply.title)
        assert labels(reply)
    assert len(shown) >= 3 and len(shown[Level.KNOWN_SCAM]) == 1


def test_nothing_of_ours_cleans_thai_with_a_tool_that_eats_its_vowels(knowledge: Knowledge) -> None:
    assert [path.name for path, text in SOURCE.items() if "default_process" in text] == []
    for hello in ("สวัสดี", "สวัสดีค่ะ", "hello", "ดีจ้า"):
        assert judge(hello, knowledge).level is Level.NOT_A_CHECK


def test_only_the_peers_we_measure_against_use_scorers_that_depend_on_blanks() -> None:
    used = re.compile(r"\b(?:partial_ratio|WRatio|QRatio|token_(?:set|sort)_ratio|partial_token\w*)\b")
    assert {path.name for path, text in SOURCE.items() if used.search(text)} <= {"bench.py", "bench_peers.py"}


def test_blanks_in_other_places_change_no_level(knowledge: Knowledge) -> None:
    words, link = SCAM.split(" ที่ลิงก์ ")[0], "parcel-pay-th.example"
    for dressed in (words.replace(" ", ""), " ".join(words), words.replace(" ", "\n")):
        verdict = judge(f"{dressed} {link}", knowledge)
        assert verdict.level in (Level.KNOWN_SCAM, Level.WARNING_SIGNS), dressed


def test_one_common_word_makes_no_match(knowledge: Knowledge) -> None:
    for word in ("พัสดุ", "ธนาคาร", "เงินกู้", "parcel", "bank"):
        assert fuzz.partial_ratio(word, SCAM + SCAM_EN + "ธนาคารเงินกู้bank") == 100, "what the others would say"
        assert judge(word, knowledge).level is not Level.KNOWN_SCAM


@pytest.mark.parametrize("weight", list(Weight))
def test_the_font_of_every_picture_has_thai_and_digits(weight: Weight) -> None:
    drawn = set(FT2Font(str(font(weight))).get_charmap())
    assert {ord(letter) for letter in "กฮะาิีึืุู่้๊๋์ํ็ๆฯ๐๙0123456789,.%฿“”"} - drawn == set()
