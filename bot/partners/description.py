"""The OpenAPI description, put right where FastAPI cannot say what we mean."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from bot.partners.problems import MEDIA_TYPE

# What everybody may ask; a key is taken where one comes along.
OPEN = ("check",)


def install(app: FastAPI) -> None:
    """From now on `app.openapi()` is the description put right."""
    drawn = app.openapi

    def openapi() -> dict[str, Any]:
        made = app.openapi_schema is None
        told = drawn()
        if made:
            _put_right(told)
            provinces = sorted(app.state.bot.ports.knowledge.provinces)
            told["components"]["schemas"]["ReportIn"]["properties"]["province"]["anyOf"][0]["enum"] = provinces
        return told

    app.openapi = openapi  # type: ignore[method-assign]


def _put_right(told: dict[str, Any]) -> None:
    for methods in told.get("paths", {}).values():
        for each in methods.values():
            if each.get("operationId") in OPEN:
                each["security"] = [{}, {"PartnerKey": []}]
            for status, answer in each.get("responses", {}).items():
                content = answer.get("content", {})
                if status >= "400" and MEDIA_TYPE in content:
                    # A problem has one form alone.
                    answer["content"] = {MEDIA_TYPE: content[MEDIA_TYPE]}
