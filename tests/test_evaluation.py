"""The error table: its figures, and a fit that stays near the hand and inside its signs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from content import evaluation, fitting, learnt
from content.evaluation import Labelled, Outcome
from content.knowledge import Knowledge
from content.learnt import CLIP, buckets_of, pairs_of
from content.matching import codes_of
from content.models import ScamType
from content.scorecard import probability
from content.verdict import Level, judge


def labelled(name: str, text: str, scam: bool, kind: str = "message", source: str = "trial") -> Labelled:
    expected = "parcel" if scam else None
    return Labelled(name, text, scam, expected, frozenset({"parcel"} if scam else ()), kind, "th", source)


def outcome(scam: bool, score: float, level: Level = Level.NOT_KNOWN, question: str | None = None) -> Outcome:
    return Outcome(labelled("x", "x", scam), score, level, question, ("parcel",) if scam else ())


def test_auc_counts_ties_half() -> None:
    scores, labels = np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])
    assert evaluation.auc(scores, labels) == pytest.approx(0.875)
    assert evaluation.auc(scores, np.array([True] * 4)) is None


def test_recall_at_a_false_alarm_rate() -> None:
    scores = np.concatenate((np.linspace(0, 1, 100), [0.99, 0.97, 0.5]))
    labels = np.array([False] * 100 + [True] * 3)
    assert evaluation.recall_at(scores, labels, 0.05) == pytest.approx(2 / 3)


def test_calibration_error_is_the_gap_between_score_and_truth() -> None:
    labels = np.array([True, False] * 50)
    assert evaluation.calibration_error(np.full(100, 0.5), labels) == pytest.approx(0)
    assert evaluation.calibration_error(np.full(100, 0.9), labels) == pytest.approx(0.4)


def test_a_row_counts_missed_asked_and_false_alarms() -> None:
    row = evaluation.row(
        "all",
        [
            outcome(True, 0.9, Level.WARNING_SIGNS),
            outcome(True, 0.4, question="what-it-wants"),
            outcome(True, 0.1),
            outcome(True, 0.95, Level.KNOWN_SCAM),
            outcome(False, 0.2),
            outcome(False, 0.8, Level.WARNING_SIGNS),
            outcome(False, 0.5, question="what-it-wants"),
            outcome(False, 0.99, Level.KNOWN_SCAM),
        ],
    )
    assert (row.scams, row.benign) == (4, 4)
    assert (row.flagged, row.asked, row.missed) == (0.5, 0.25, 0.25)
    assert (row.false_alarm, row.benign_known, row.benign_asked) == (0.5, 0.25, 0.25)
    assert row.abstained == 0.25, "of all messages: one scam and one honest message were asked about"
    assert evaluation.row("calm", [outcome(False, 0.1)]).abstained == 0.0
    assert row.type_first == 1.0


def test_the_table_is_json_and_text(knowledge: Knowledge) -> None:
    table = evaluation.evaluate(
        [labelled("a", "พัสดุตกค้าง จ่ายค่าธรรมเนียม", True), labelled("b", "เย็นนี้กินอะไรดี", False, "chat")], knowledge
    )
    kept = json.loads(json.dumps(table.as_json()))
    assert kept["overall"]["scams"] == 1
    assert {row["name"] for row in kept["by"]["kind"]} == {"message", "chat"}
    assert isinstance(kept["overall"]["abstained"], float) and "asked" in kept["overall"]
    text = evaluation.render(table)
    assert "AUC" in text
    assert "by source" in text
    titles, figures = (line.split() for line in text.splitlines()[:2])
    assert len(titles) == len(figures) - 1 and {"asked", "missed", "abstained"} <= set(titles)
    for word in ("missed", "false alarm", "abstained", "type right", "calibration"):
        assert word in text.rpartition("by type")[2], "what a cut name means"


def test_messages_are_read_with_other_fair_types(tmp_path: Path) -> None:
    path = tmp_path / "m.jsonl"
    row = {"id": "1", "text": "ก", "label": "scam", "expect_type": "qr", "tags": ["alt_page_phishing"], "lang": "th"}
    path.write_text(json.dumps(row) + "\n\n", encoding="utf-8")
    (message,) = evaluation.messages([path])
    assert message.accepted == {"qr", "page_phishing"}
    assert message.source == "m"


@pytest.mark.parametrize("line", ["not json", '{"text": "x"}', '{"text": "x", "label": "maybe"}', "[]"])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "m.jsonl"
    path.write_text('{"text": "x", "label": "scam"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"m\.jsonl:2"):
        evaluation.messages([path])


def test_comparing_names_what_changed(knowledge: Knowledge) -> None:
    card = knowledge.scorecard.model_copy(update={"intercept": -30.0})
    other = dataclasses.replace(knowledge, scorecard=card)
    text = "แจ้งเตือนพัสดุตกค้าง ชำระค่าธรรมเนียม 25 บาท กรอกเลขบัตรเครดิตและ CVV ที่ thailandpost-fee.top"
    _, _, changes = evaluation.compare([labelled("a", text, True)], knowledge, other)
    assert [change.id for change in changes] == ["a"]
    assert changes[0].score_after < changes[0].score_before
    assert "worse: 1" in evaluation.render_changes(changes)


def test_sign_hits_count_scams_and_honest_apart(knowledge: Knowledge) -> None:
    hits = evaluation.sign_hits([labelled("a", "ขอรหัส OTP 6 ตัวหน่อย", True), labelled("b", "ฝนตก", False)], knowledge)
    assert any(scams == 1 and honest == 0 for _, scams, honest in hits)
    assert len(hits) == len(knowledge.signs)


TRAINING = [
    labelled(
        f"s{index}", f"โอนค่าธรรมเนียมพัสดุก่อน {word} แล้วกดลิงก์ thailandpost-{index}.top", True, source=f"source{index % 2}"
    )
    for index, word in enumerate(("ด่วน", "วันนี้", "ทันที", "เดี๋ยวนี้", "ก่อนเที่ยง", "คืนนี้") * 8)
] + [
    labelled(f"b{index}", f"เย็นนี้กิน{word}กันไหม นัดเจอกันที่บ้าน {index} โมง", False, "chat", source=f"source{index % 2}")
    for index, word in enumerate(("ข้าว", "ส้มตำ", "ปลา", "ผัก", "ก๋วยเตี๋ยว", "แกง") * 8)
]


@pytest.fixture(scope="module")
def lessons(knowledge: Knowledge) -> list[fitting.Lesson]:
    return fitting.lessons_of(TRAINING, knowledge, phrases=False)


@pytest.mark.slow
def test_the_learnt_feature_learns_stays_clipped_and_survives_its_file(
    lessons: list[fitting.Lesson], tmp_path: Path
) -> None:
    model = fitting.fit_learnt(lessons)
    done = fitting.with_learnt(lessons, model)
    scams = [each.evidence.learnt for each in done if each.message.scam]
    honest = [each.evidence.learnt for each in done if not each.message.scam]
    assert min(scams) > max(honest)
    assert all(-CLIP <= value <= CLIP for value in scams + honest)
    kinds, lean = model.kinds(lessons[0].buckets, lessons[0].evidence.bag)
    assert max(kinds, key=lambda kind: kinds[kind]) is ScamType.PARCEL
    assert lean > 0
    learnt.dump(model, tmp_path / "learnt.npz")
    again = learnt.load(tmp_path / "learnt.npz")
    first = lessons[0]
    assert again.scam(first.buckets, first.evidence.bag, first.evidence.parts) == pytest.approx(
        model.scam(first.buckets, first.evidence.bag, first.evidence.parts)
    )


def test_the_fit_keeps_signs_and_stays_near_the_hand(lessons: list[fitting.Lesson], knowledge: Knowledge) -> None:
    card = fitting.fit_card(lessons, knowledge.scorecard)
    for line in card.lines:
        assert line.sign * line.weight >= 0
        assert abs(line.weight - line.hand) < 6
    assert all(abs(weight) <= fitting.SIGN_REACH for weight in card.signs.values())
    scores = [probability(card.logit(each.evidence.features)) for each in lessons]
    labels = np.array([each.message.scam for each in lessons])
    assert evaluation.auc(np.array(scores), labels) == pytest.approx(1.0)


def test_bands_go_from_ask_to_known(lessons: list[fitting.Lesson], knowledge: Knowledge) -> None:
    for band in fitting.choose_bands(lessons, knowledge.scorecard):
        assert band.ask <= band.warn <= band.known


def test_scam_and_honest_weigh_the_same(lessons: list[fitting.Lesson]) -> None:
    weights = fitting.balance(lessons)
    scam = np.array([each.message.scam for each in lessons])
    assert weights[scam].sum() == pytest.approx(weights[~scam].sum())


def test_every_lesson_is_left_out_exactly_once(lessons: list[fitting.Lesson]) -> None:
    assert (np.sum(fitting.folds_of(lessons), axis=0) == 1).all()


def test_small_sources_are_taken_together() -> None:
    found = [labelled(str(index), "x", False, source=f"one-{index}") for index in range(5)]
    assert {each.source for each in fitting.pooled(found)} == {"small sources"}


def test_what_is_fitted_is_written_where_it_is_loaded(knowledge: Knowledge, tmp_path: Path) -> None:
    import yaml

    from content.scorecard import Scorecard

    path = tmp_path / "scorecard.yaml"
    path.write_text("# a head\nintercept: 0\n", encoding="utf-8")
    model = knowledge.learnt
    assert model is not None
    fitting.write(fitting.Fitted(knowledge.scorecard, model), tmp_path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# a head\n")
    assert Scorecard.model_validate(yaml.safe_load(text)) == knowledge.scorecard
    assert (tmp_path / "learnt.npz").exists()


def test_letter_runs_and_pairs_are_distinct_and_inside_their_tables() -> None:
    found = buckets_of(codes_of("โอนเงินด่วน"))
    assert len(found) == len(set(found.tolist()))
    assert found.max() < learnt.BUCKETS
    assert len(buckets_of(codes_of(""))) <= 1
    assert len(pairs_of({1, 2, 3})) == 3
    assert len(pairs_of({1})) == 0
    assert pairs_of({5, 9, 70}).tolist() == pairs_of({70, 5, 9}).tolist()


GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture(scope="module")
def golden(knowledge: Knowledge) -> evaluation.Table:
    """Our own golden set, which no fit has seen, as the shipped knowledge answers it."""
    return evaluation.evaluate(evaluation.messages(sorted(GOLDEN.glob("*.jsonl"))), knowledge)


def test_the_golden_set_is_told_apart(golden: evaluation.Table) -> None:
    overall = golden.overall
    assert overall.auc is not None
    assert overall.auc >= 0.97
    assert overall.missed is not None
    assert overall.missed <= 0.08
    assert overall.false_alarm is not None
    assert overall.false_alarm <= 0.03
    assert overall.benign_known is not None
    assert overall.benign_known <= 0.005
    assert overall.benign_asked is not None
    assert overall.benign_asked <= 0.12


def test_the_golden_types_are_named(golden: evaluation.Table) -> None:
    assert golden.overall.type_first is not None
    assert golden.overall.type_first >= 0.8
    assert golden.overall.type_three is not None
    assert golden.overall.type_three >= 0.93


def test_the_golden_scores_are_calibrated(golden: evaluation.Table) -> None:
    assert golden.overall.calibration is not None
    assert golden.overall.calibration <= 0.05


CORRUPTIONS = {
    "zero-width": lambda text: "\u200b".join(text),
    "soft-hyphen": lambda text: "\u00ad".join(text),
    "spaced": lambda text: " ".join(text),
    "full-width": lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
    "cyrillic": lambda text: text.translate(str.maketrans("aeopcxi", "аеорсхі")),
    "thai-digits": lambda text: text.translate(str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")),
    "no-spaces": lambda text: text.replace(" ", "") if any("ก" <= c <= "ฮ" for c in text) else text,
    "emoji": lambda text: text.replace(" ", " 🔥 "),
    "upper": lambda text: text.upper(),
    "split-sara-am": lambda text: text.replace("ำ", "ํา"),
    "double-e": lambda text: text.replace("แ", "เเ"),
}


@pytest.mark.parametrize("name", sorted(CORRUPTIONS))
def test_obfuscated_copies_of_flagged_scams_are_found_too(
    golden: evaluation.Table, knowledge: Knowledge, name: str
) -> None:
    # Links are identifiers, not words: cut up they are no links any more, so copies are made of texts without one.
    plain = [
        each.message.text
        for each in golden.outcomes
        if each.message.scam and each.flagged and "." not in each.message.text and "/" not in each.message.text
    ][:80]
    copies = [CORRUPTIONS[name](text) for text in plain]
    found = [judge(copy, knowledge) for copy in copies]
    lost = [
        copy
        for copy, verdict in zip(copies, found, strict=True)
        if verdict.level is Level.NOT_KNOWN and not verdict.question
    ]
    assert len(lost) <= max(1, len(plain) * 0.02), lost
