"""Settings: all faults at once, secrets hidden, secrets by file, half a platform named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, TelegramMode, load

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Outside any `.env`, with none of our names in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(f"{name.upper()}_FILE", raising=False)


def test_nothing_needs_to_be_set() -> None:
    given = load()
    assert (given.host, given.port, given.retention_days) == ("127.0.0.1", 8080, 180)
    assert not given.line_on
    assert not given.telegram_on


def test_all_faults_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "many")
    monkeypatch.setenv("TIMEZONE", "Mars/Base")
    monkeypatch.setenv("RETENTION_DAYS", "0")
    monkeypatch.setenv("LINE_CHANNEL_SECRET", "only-half")
    with pytest.raises(SettingsError) as caught:
        load()
    told = str(caught.value)
    for name in ("PORT", "TIMEZONE", "RETENTION_DAYS", "LINE_CHANNEL_ACCESS_TOKEN"):
        assert re.search(rf"^{name}: ", told, re.MULTILINE), told


def test_a_fault_never_shows_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_WEBHOOK_SECRET", "my secret with blanks")
    monkeypatch.setenv("SECRET_KEY", "tooshort-1")
    with pytest.raises(SettingsError) as caught:
        load()
    assert "blanks" not in str(caught.value)
    assert "tooshort" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"LINE_CHANNEL_SECRET": "s" * 32}, "LINE_CHANNEL_ACCESS_TOKEN"),
        ({"LINE_CHANNEL_ACCESS_TOKEN": "t" * 32}, "LINE_CHANNEL_SECRET"),
        ({"TELEGRAM_WEBHOOK_SECRET": "abc"}, "TELEGRAM_BOT_TOKEN"),
        ({"TELEGRAM_BOT_TOKEN": "1:a", "PUBLIC_URL": "https://rutan.example"}, "TELEGRAM_WEBHOOK_SECRET"),
    ],
)
def test_half_a_platform_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], missing: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"{missing}: missing"):
        load()


def test_a_secret_can_come_by_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    monkeypatch.setenv("LINE_CHANNEL_SECRET", "secret")
    monkeypatch.setenv("LINE_CHANNEL_ACCESS_TOKEN_FILE", str(tmp_path / "token"))
    given = load()
    assert given.line_on
    assert given.line_channel_access_token is not None
    assert given.line_channel_access_token.get_secret_value() == "from-a-file"


def test_a_missing_secret_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY_FILE", "/nowhere/at/all")
    with pytest.raises(SettingsError, match="SECRET_KEY_FILE"):
        load()


def test_secrets_are_hidden_when_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINE_CHANNEL_SECRET", "very-secret-1")
    monkeypatch.setenv("LINE_CHANNEL_ACCESS_TOKEN", "very-secret-2")
    monkeypatch.setenv("SECRET_KEY", "very-secret-3-and-long")
    assert "very-secret" not in f"{load()!r} {load()}"


def test_telegram_reads_by_webhook_only_where_it_can_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().telegram_reads_by is TelegramMode.POLLING
    monkeypatch.setenv("PUBLIC_URL", "https://rutan.example")
    assert load().telegram_reads_by is TelegramMode.WEBHOOK


def test_the_key_is_made_once_and_only_its_owner_reads_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/deep/rutan.db")
    first, second = load().keys(), load().keys()
    assert first == second
    assert len(first[0]) >= 32
    assert (tmp_path / "deep" / "secret.key").stat().st_mode & 0o777 == 0o600


def test_the_example_names_every_setting_and_no_other() -> None:
    named = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert named == {name.upper() for name in Settings.model_fields}


def test_a_database_of_several_processes_is_shown_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://rutan:do-not-tell@db.example:5432/house")
    given = load()
    assert given.several_may_serve and given.database_path == Path("var/rutan.db")
    assert given.database_shown == "PostgreSQL, house on db.example"
    assert given.keys() == load().keys(), "kept in var/, where none is given"
    monkeypatch.setenv("DATABASE_URL", "mysql://here")
    with pytest.raises(SettingsError, match=r"DATABASE_URL: must be sqlite:///PATH or postgresql://"):
        load()


def test_nothing_but_the_settings_module_reads_the_environment() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("bot", "content", "handlers", "scheduler")
        for path in (ROOT / folder).rglob("*.py")
        # `setdefault` tells a library something and asks nothing.
        if re.search(r"os\.environ(?!\.setdefault)|getenv\(", path.read_text(encoding="utf-8"))
    ]
    assert readers == ["bot/settings.py"]
