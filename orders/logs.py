"""Log lines: readable text, or one JSON object a line with the fields given as `extra`."""

import json
import logging
import sys
from datetime import UTC, datetime

from orders.printing import wrap

FIELDS = ("order_id", "step", "workflow_id", "attempt")


class JsonFormatter(logging.Formatter):
    """{"time", "level", "logger", "message"}, those of FIELDS that are known, and "exception"."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in FIELDS:
            value = getattr(record, name, None)
            if value is not None:
                line[name] = value
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """Time, level, message; wrapped to a page's width, but for ids and other long words.

    Only the time of day: so the longest line of the usage examples stays whole. JSON has the date.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        return wrap(super().formatMessage(record), indent="    ")


def set_up(*, as_json: bool, level: str) -> None:
    """Log to standard error; for programs, not for libraries.

    Libraries are heard from WARNING on, unless everything (DEBUG) is wanted.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    of_others = level if level in ("DEBUG", "ERROR") else "WARNING"
    logging.basicConfig(level=of_others, handlers=[handler], force=True)
    logging.getLogger("orders").setLevel(level)
