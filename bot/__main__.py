"""`rutan` and `python -m bot`."""

from __future__ import annotations

from bot.cli import rutan


def main() -> None:
    rutan(prog_name="rutan")


if __name__ == "__main__":
    main()
