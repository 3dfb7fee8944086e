"""The settings: the only place that reads the environment. All faults are named at once; secrets never show."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from handlers.errors import RutanError


class SettingsError(RutanError):
    """One or more settings are wrong; every fault is a line that names its setting, never its value."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class TelegramMode(StrEnum):
    WEBHOOK = "webhook"
    POLLING = "polling"


class LogFormat(StrEnum):
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SecretFiles(PydanticBaseSettingsSource):
    """`NAME_FILE=/run/secrets/name` gives the value of `NAME` by file (for containers and systemd credentials)."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{field_name.upper()}_FILE", "")
        return (Path(path).read_text(encoding="utf-8").strip() if path else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name, field in self.settings_cls.model_fields.items():
            try:
                value, _, _ = self.get_field_value(field, name)
            except OSError as trouble:
                raise SettingsError([f"{name.upper()}_FILE: cannot be read ({trouble.strerror})"]) from None
            if value is not None:
                given[name] = value
        return given


class Settings(BaseSettings):
    """Every setting, with its default. `.env.example` says why each is there."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    database_url: str = "sqlite:///var/rutan.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    public_url: str = "http://127.0.0.1:8080"
    secret_key: SecretStr | None = None
    line_channel_secret: SecretStr | None = None
    line_channel_access_token: SecretStr | None = None
    line_api_url: str = "https://api.line.me"
    telegram_bot_token: SecretStr | None = None
    telegram_webhook_secret: SecretStr | None = None
    telegram_mode: TelegramMode | None = None
    telegram_api_url: str = "https://api.telegram.org"
    timezone: ZoneInfo = ZoneInfo("Asia/Bangkok")
    log_level: LogLevel = LogLevel.INFO
    log_format: LogFormat = LogFormat.CONSOLE
    retention_days: int = Field(default=180, ge=1, le=3650)
    reports_per_day: int = Field(default=20, ge=1, le=1000)
    web_reports_per_day: int = Field(default=500, ge=1, le=1_000_000)
    checks_per_minute: int = Field(default=120, ge=1, le=100_000)
    bulletin_day: int = Field(default=1, ge=1, le=28)
    bulletin_hour: int = Field(default=6, ge=0, le=23)
    quiet_hours: str = "21:00-08:00"
    telegram_channel: str = ""

    LINE_SETTINGS: ClassVar[tuple[str, ...]] = ("line_channel_secret", "line_channel_access_token")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretFiles(settings_cls), dotenv_settings

    @field_validator("timezone", mode="before")
    @classmethod
    def _zone(cls, value: Any) -> Any:
        if isinstance(value, ZoneInfo):
            return value
        try:
            return ZoneInfo(str(value))
        except (KeyError, ValueError, OSError):
            raise ValueError("no such time zone; write it as in Asia/Bangkok") from None

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if not value.startswith("sqlite:///") or value == "sqlite:///":
            raise ValueError("must be sqlite:///PATH (this version serves from SQLite)")
        return value

    @field_validator("quiet_hours")
    @classmethod
    def _hours(cls, value: str) -> str:
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", value.strip()):
            raise ValueError("must be written as in 21:00-08:00 (00:00-00:00 for none)")
        return value.strip()

    @field_validator("telegram_channel")
    @classmethod
    def _channel(cls, value: str) -> str:
        if value and not re.fullmatch(r"@[A-Za-z][A-Za-z0-9_]{4,31}|-100\d{5,15}", value):
            raise ValueError("must be @name or the -100… number of a channel")
        return value

    @field_validator("public_url", "line_api_url", "telegram_api_url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")) or len(value) < len("http://x"):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _header_secret(cls, value: SecretStr | None) -> SecretStr | None:
        allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
        if value and not (len(value.get_secret_value()) <= 256 and set(value.get_secret_value()) <= allowed):
            raise ValueError("Telegram takes 1 to 256 letters, digits, _ and - only")
        return value

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value and len(value.get_secret_value()) < 16:
            raise ValueError("must be at least 16 characters long")
        return value

    @model_validator(mode="after")
    def _whole_platforms(self) -> Settings:
        missing = self.half_given()
        if missing:
            raise ValueError("\n".join(missing))
        return self

    def half_given(self) -> list[str]:
        """A platform with some of its settings but not all: what is missing, by name."""
        faults = []
        line_given = [name for name in self.LINE_SETTINGS if getattr(self, name)]
        if len(line_given) == 1:
            (missing,) = set(self.LINE_SETTINGS) - set(line_given)
            faults.append(f"{missing.upper()}: missing, and {line_given[0].upper()} is set; LINE needs both")
        if self.telegram_webhook_secret and not self.telegram_bot_token:
            faults.append("TELEGRAM_BOT_TOKEN: missing, and TELEGRAM_WEBHOOK_SECRET is set; Telegram needs the token")
        if self.telegram_on and self.telegram_reads_by is TelegramMode.WEBHOOK and not self.telegram_webhook_secret:
            faults.append("TELEGRAM_WEBHOOK_SECRET: missing; webhook mode needs it (or set TELEGRAM_MODE=polling)")
        return faults

    @property
    def line_on(self) -> bool:
        return bool(self.line_channel_secret and self.line_channel_access_token)

    @property
    def telegram_on(self) -> bool:
        return bool(self.telegram_bot_token)

    @property
    def telegram_reads_by(self) -> TelegramMode:
        if self.telegram_mode:
            return self.telegram_mode
        return TelegramMode.WEBHOOK if self.public_url.startswith("https://") else TelegramMode.POLLING

    @property
    def database_path(self) -> Path:
        return Path(self.database_url.removeprefix("sqlite:///"))

    def keys(self) -> tuple[str, ...]:
        """The secret key; made and kept beside the database on the first run when none is given."""
        if self.secret_key:
            return (self.secret_key.get_secret_value(),)
        return (_kept_key(self.database_path.parent / "secret.key"),)


def inherited(names: Iterable[str]) -> dict[str, str]:
    """Those variables of the surroundings that are set, for another process of ours. None of them is a setting."""
    return {name: os.environ[name] for name in names if name in os.environ}


def _kept_key(path: Path) -> str:
    """Read the key, or make it: only its owner may read it, and two processes that start at once agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32))
    except FileExistsError:
        pass
    return path.read_text(encoding="ascii").strip()


def load() -> Settings:
    """The settings of this process. Raises SettingsError with one line per fault."""
    try:
        return Settings()
    except ValidationError as trouble:
        raise SettingsError(_all_faults(trouble)) from None


def _all_faults(trouble: ValidationError) -> list[str]:
    """The faults of single settings, and with those set aside the faults between settings."""
    faults = [_fault(error) for error in trouble.errors(include_input=False)]
    wrong = {str(error["loc"][0]) for error in trouble.errors(include_input=False) if error["loc"]}
    if wrong:
        try:
            Settings(**{name: Settings.model_fields[name].default for name in wrong})
        except ValidationError as further:
            faults += [_fault(error) for error in further.errors(include_input=False)]
    return faults


def _fault(error: Any) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{str(error['loc'][0]).upper()}: {message}" if error["loc"] else message
