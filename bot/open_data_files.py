"""The open data as files: CSV, JSON, a data package, and a SQLite file with what Datasette shows beside it."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.exporting import harmless
from bot.open_data import COLUMNS, KEY, Figure, OpenData
from bot.open_data_words import LICENCE, LICENCE_URL, Words, words

DATABASE = "rutan-open-data"


def files(data: OpenData, publisher: str, url: str) -> Mapping[str, bytes]:
    """Every file by its name. The same data give the same bytes."""
    said = words()
    found = {
        "rutan-monthly.csv": as_csv(data.monthly),
        "rutan-monthly.json": as_json(data.monthly, publisher, url),
        "rutan-quarterly.csv": as_csv(data.quarterly),
        "rutan-quarterly.json": as_json(data.quarterly, publisher, url),
        "dictionary.csv": _table(("part", "name", "meaning_th", "meaning_en"), said.dictionary()),
    }
    for month in data.months:
        figures = data.of(month)
        found[f"rutan-{month}.csv"] = as_csv(figures)
        found[f"rutan-{month}.json"] = as_json(figures, publisher, url)
    found["datapackage.json"] = _json(_package(found, said, publisher, url))
    found["metadata.json"] = _json(_metadata(said, publisher, url))
    return found


def as_csv(figures: Iterable[Figure]) -> bytes:
    """UTF-8 with the mark by which spreadsheets know it; no cell is a formula."""
    return _table(COLUMNS, (each.row() for each in figures))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\r\n")
    table.writerow(columns)
    table.writerows([harmless(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_json(figures: Iterable[Figure], publisher: str, url: str) -> bytes:
    """By period and breakdown; null for a suppressed number."""
    periods: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for each in figures:
        row = {
            "key": each.key,
            "name": {"th": each.name_th, "en": each.name_en},
            "count": each.count,
            "unit": each.unit,
        }
        periods.setdefault(each.period, {}).setdefault(each.breakdown, []).append(row)
    return _json(
        {
            "source": publisher,
            "url": f"{url}/open-data",
            "licence": LICENCE,
            "licence_url": LICENCE_URL,
            "periods": periods,
        }
    )


def database(data: OpenData, said: Words | None = None) -> bytes:
    """A SQLite file with the same figures, for Datasette: tables `monthly`, `quarterly` and `dictionary`."""
    said = said or words()
    connection = sqlite3.connect(":memory:")
    try:
        for table, figures in (("monthly", data.monthly), ("quarterly", data.quarterly)):
            columns = ", ".join(f"{name} {'integer' if name == 'count' else 'text not null'}" for name in COLUMNS)
            connection.execute(f"create table {table} ({columns}, primary key ({', '.join(KEY)}))")
            holes = ", ".join("?" * len(COLUMNS))
            rows = [
                [
                    cell if cell != "" or name != "count" else None
                    for name, cell in zip(COLUMNS, each.row(), strict=True)
                ]
                for each in figures
            ]
            connection.executemany(f"insert into {table} values ({holes})", rows)  # noqa: S608  # nosec B608  # our own names of tables
        connection.execute(
            "create table dictionary (part text, name text, meaning_th text, meaning_en text, primary key (part, name))"
        )
        connection.executemany("insert into dictionary values (?, ?, ?, ?)", said.dictionary())
        connection.commit()
        return connection.serialize()
    finally:
        connection.close()


def _package(found: Mapping[str, bytes], said: Words, publisher: str, url: str) -> dict[str, Any]:
    """A Frictionless data package: each table with the meaning of its columns."""
    fields = [
        {"name": name, "type": "integer" if name == "count" else "string", "description": said.both("column", name)}
        for name in COLUMNS
    ]
    schema = {"fields": fields, "primaryKey": list(KEY), "missingValues": [""]}
    resources = [
        {
            "name": name.removesuffix(".csv"),
            "path": name,
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8",
            "bytes": len(body),
            "schema": schema,
        }
        for name, body in found.items()
        if name.endswith(".csv") and name != "dictionary.csv"
    ]
    return {
        "name": DATABASE,
        "title": said.both("text", "title"),
        "description": said.both("text", "intro"),
        "homepage": f"{url}/open-data",
        "licenses": [{"name": LICENCE, "path": LICENCE_URL, "title": "Creative Commons Attribution 4.0"}],
        "sources": [{"title": publisher, "path": url}],
        "resources": resources,
    }


def _metadata(said: Words, publisher: str, url: str) -> dict[str, Any]:
    """What Datasette shows beside the tables."""
    columns = {name: said.both("column", name) for name in COLUMNS}
    table = {"columns": columns, "sort_desc": "period", "facets": ["breakdown", "period"]}
    return {
        "title": said.both("text", "title"),
        "description": said.both("text", "intro"),
        "license": LICENCE,
        "license_url": LICENCE_URL,
        "source": publisher,
        "source_url": f"{url}/open-data",
        "databases": {
            DATABASE: {
                "tables": {
                    "monthly": {"description": said.both("text", "monthly"), **table},
                    "quarterly": {"description": said.both("text", "quarterly"), **table},
                    "dictionary": {"description": said.both("text", "dictionary")},
                }
            }
        },
    }


def _json(said: Any) -> bytes:
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode()
