"""The ports of `orders.ports`, connected as the settings say."""

from orders.gateways.database import Database
from orders.gateways.http import HttpExternalApi, HttpNotifier, HttpPayments, JsonService
from orders.gateways.local import LocalExternalApi, LocalNotifier, LocalPayments
from orders.gateways.payloads import payloads_for
from orders.gateways.store import SqlOrderStore
from orders.ports import ExternalApi, Notifier, Payments, Ports
from orders.settings import LOCAL, Settings

__all__ = ["ports_for"]


def ports_for(settings: Settings) -> Ports:
    """Real gateways, or local ones where the setting says "local". Nothing is connected yet."""
    database = Database(settings.database_url)
    return Ports(
        store=SqlOrderStore(database),
        payments=_payments(settings, database),
        notifier=_notifier(settings, database),
        external_api=_external_api(settings),
        payloads=payloads_for(settings),
    )


def _payments(settings: Settings, database: Database) -> Payments:
    if settings.payments_url == LOCAL:
        return LocalPayments(database)
    return HttpPayments(JsonService("Payment", settings.payments_url, settings.http_timeout))


def _notifier(settings: Settings, database: Database) -> Notifier:
    if settings.notifier_url == LOCAL:
        return LocalNotifier(database)
    return HttpNotifier(JsonService("Notification", settings.notifier_url, settings.http_timeout))


def _external_api(settings: Settings) -> ExternalApi:
    if settings.external_api_url == LOCAL:
        return LocalExternalApi()
    return HttpExternalApi(
        JsonService("API call", settings.external_api_url, settings.http_timeout)
    )
