"""The settings: the only place that reads the environment. All faults are named at once; secrets never show."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable
from enum import StrEnum
from ipaddress import ip_network
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from handlers.errors import RutanError

# How the address of a PostgreSQL database begins.
POSTGRES = ("postgresql://", "postgres://")


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
        name = f"{field_name.upper()}_FILE"
        path = os.environ.get(name) or dotenv_values(".env").get(name) or ""
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
    trusted_proxies: str = "127.0.0.1,::1"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    secret_key: SecretStr | None = None
    secret_key_old: SecretStr | None = None
    line_channel_secret: SecretStr | None = None
    line_channel_secret_old: SecretStr | None = None
    line_channel_access_token: SecretStr | None = None
    line_api_url: str = "https://api.line.me"
    telegram_bot_token: SecretStr | None = None
    telegram_webhook_secret: SecretStr | None = None
    telegram_webhook_secret_old: SecretStr | None = None
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
    telegram_sends_per_second: float = Field(default=25, ge=1, le=1000)
    webhooks_inside: bool = False
    publisher_name: str = Field(default="Rutan · รู้ทัน", min_length=1, max_length=120)
    publisher_contact: str = Field(default="", max_length=200)

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
        if value.startswith(POSTGRES):
            return value
        if not value.startswith("sqlite:///") or value == "sqlite:///":
            raise ValueError("must be sqlite:///PATH or postgresql://USER@HOST/NAME")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies(cls, value: str) -> str:
        try:
            named = [ip_network(each.strip()) for each in value.split(",") if each.strip()]
        except ValueError:
            raise ValueError("must be addresses or networks, as in 127.0.0.1,10.0.0.0/8") from None
        return ",".join(map(str, named))

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

    @field_validator("telegram_webhook_secret", "telegram_webhook_secret_old")
    @classmethod
    def _header_secret(cls, value: SecretStr | None) -> SecretStr | None:
        allowed = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
        if value and not (len(value.get_secret_value()) <= 256 and set(value.get_secret_value()) <= allowed):
            raise ValueError("Telegram takes 1 to 256 letters, digits, _ and - only")
        return value

    @field_validator("secret_key", "secret_key_old")
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
        if self.line_channel_secret_old and not self.line_channel_secret:
            faults.append("LINE_CHANNEL_SECRET: missing, and LINE_CHANNEL_SECRET_OLD is set")
        if self.telegram_webhook_secret_old and not self.telegram_webhook_secret:
            faults.append("TELEGRAM_WEBHOOK_SECRET: missing, and TELEGRAM_WEBHOOK_SECRET_OLD is set")
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
    def several_may_serve(self) -> bool:
        """Whether the database is one from which several processes may answer, on several machines."""
        return self.database_url.startswith(POSTGRES)

    @property
    def database_path(self) -> Path:
        """The file of SQLite; beside it lies what else this machine keeps. With PostgreSQL there is only `var/`."""
        return Path("var/rutan.db" if self.several_may_serve else self.database_url.removeprefix("sqlite:///"))

    @property
    def database_shown(self) -> str:
        """Where the database is, for people: never with a password."""
        if not self.several_may_serve:
            return str(self.database_path)
        address = urlsplit(self.database_url)
        return f"PostgreSQL, {address.path.removeprefix('/') or 'its default database'} on {address.hostname or 'this machine'}"

    def keys(self) -> tuple[str, ...]:
        """The secret keys, the one that seals first; made and kept beside the database on the first run when none is given."""
        newest = self.secret_key or SecretStr(_kept_key(self.database_path.parent / "secret.key"))
        return _told(newest, self.secret_key_old)

    def line_secrets(self) -> tuple[str, ...]:
        """What LINE may have signed with: two while the channel secret is being changed."""
        return _told(self.line_channel_secret, self.line_channel_secret_old)

    def telegram_secrets(self) -> tuple[str, ...]:
        """What Telegram may bring back: two while the webhook secret is being changed."""
        return _told(self.telegram_webhook_secret, self.telegram_webhook_secret_old)


def _told(*given: SecretStr | None) -> tuple[str, ...]:
    """The values of those that are set, each once."""
    return tuple(dict.fromkeys(each.get_secret_value() for each in given if each))


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
