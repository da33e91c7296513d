"""Whether a worker will find what it needs, asked before it takes the first order's task.

A worker that cannot reach its database or the payment service fails every task it takes, and after
three of them an order is rolled back. So it had better not begin.
"""

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import requests
from sqlalchemy.exc import SQLAlchemyError

from orders.errors import OrdersError
from orders.gateways.database import Database
from orders.settings import LOCAL, Settings


def problems_in(settings: Settings) -> list[str]:
    """A sentence for each setting that leads nowhere: empty if the worker can begin.

    Makes the tables and the payload directory if they are missing. A service counts as reached
    whatever it answers; the external API is not asked, because not every order needs it.
    """
    found = [
        _database_problem(settings.database_url),
        None if settings.payload_bucket else _directory_problem(settings.payload_dir),
        _service_problem("ORDERS_PAYMENTS_URL", settings.payments_url, settings.http_timeout),
        _service_problem("ORDERS_NOTIFIER_URL", settings.notifier_url, settings.http_timeout),
        _url_problem("ORDERS_EXTERNAL_API_URL", settings.external_api_url),
    ]
    return [problem for problem in found if problem]


def _database_problem(url: str) -> str | None:
    try:
        database = Database(url)
    except OrdersError as error:
        return f"{error}."
    try:
        with database.transaction():
            return None
    except SQLAlchemyError as error:
        said = str(getattr(error, "orig", None) or error).splitlines()[0]
        shown = database.engine.url.render_as_string(hide_password=True)
        return f"ORDERS_DATABASE_URL: no database at {shown}: {said}."
    finally:
        database.close()


def _directory_problem(name: str) -> str | None:
    try:
        Path(name).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=name):
            return None
    except OSError as error:
        return f"ORDERS_PAYLOAD_DIR: cannot write in {name!r}: {error.strerror}."


def _service_problem(variable: str, url: str, timeout_s: float) -> str | None:
    problem = _url_problem(variable, url)
    if problem or url == LOCAL:
        return problem
    try:
        requests.options(url, timeout=timeout_s, allow_redirects=False).close()
    except requests.RequestException as error:
        where = urlsplit(url).netloc.rpartition("@")[2]  # a password is nobody's business
        return f"{variable}: no answer from {where} ({type(error).__name__})."
    return None


def _url_problem(variable: str, url: str) -> str | None:
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_url = False
    if is_url or url == LOCAL:
        return None
    return f"{variable}: {url!r} is no URL; it begins with http:// or https://, or is {LOCAL!r}."
