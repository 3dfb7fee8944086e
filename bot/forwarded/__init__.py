"""Files that an officer sends for others: read into messages, or refused in a word; and a table given back as a file.

    reading.read          a file's name and bytes → Forwarded, or Refused
    letters               bytes → lines of text, whatever alphabet's table they were saved in
    line_export  days     a LINE chat saved as text; the headings that say which day follows
    lists                 a plain list of texts
    tables                rows and columns: which column holds the messages; .csv
    workbooks  guards     .xlsx, and what is looked at before anything in it is opened
    writing               a table as .csv or .xlsx that no spreadsheet takes for formulas

Nothing here knows a platform, the store or a clock, and nothing here returns or logs a person's name.
"""

from bot.forwarded.found import MOST_MESSAGES, Forwarded, LeftOut, Note, Reason, Refused
from bot.forwarded.reading import LARGEST_FILE, read
from bot.forwarded.writing import table_csv, table_xlsx

__all__ = [
    "LARGEST_FILE",
    "MOST_MESSAGES",
    "Forwarded",
    "LeftOut",
    "Note",
    "Reason",
    "Refused",
    "read",
    "table_csv",
    "table_xlsx",
]
