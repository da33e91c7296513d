"""Log lines: readable text, or one JSON object a line with the fields given as `extra`."""

import json
import logging
import sys
from datetime import UTC, datetime

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


def set_up(*, as_json: bool, level: str) -> None:
    """Log to standard error; for programs, not for libraries."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        JsonFormatter() if as_json else logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
