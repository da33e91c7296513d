"""The rules an order must keep, as a model; checked once, by ValidateInput.

Two shapes are in use, and may be mixed; all else that an order carries is kept as it is:

    price, customer_id, payment_method, total
    unit_price and discount, customer {id, name, email, …}, payment {method, …}, shipping {cost, …}
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from orders import pricing
from orders.errors import InvalidOrder

TOLERANCE = Decimal("0.005")
"""A given total may differ from the computed one by half a cent: it was rounded, or is a float."""


def _number(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError("Input should be a number")
    return pricing.decimal(value)


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("Input should not be empty")
    return value


# The bounds keep every sum exact within the 28 digits of a Decimal.
Money = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=10**9)]
Fraction = Annotated[Decimal, BeforeValidator(_number), Field(ge=0, le=1)]
Name = Annotated[str, Field(max_length=256), AfterValidator(_not_blank)]


class _Model(BaseModel):
    # Strict: "2" is not a quantity and 1 is not an id. Whoever sent that meant something else.
    model_config = ConfigDict(strict=True, extra="allow")


class Item(_Model):
    sku: Name
    quantity: int = Field(gt=0, le=10**6)
    price: Money | None = None
    unit_price: Money | None = None
    discount: Fraction = Decimal(0)

    @model_validator(mode="after")
    def _has_one_price(self) -> Self:
        if (self.price is None) == (self.unit_price is None):
            raise ValueError("price or unit_price must be given, and only one of them")
        return self


class Customer(_Model):
    id: Name
    name: str | None = None
    email: str | None = None


class Shipping(_Model):
    cost: Money = Decimal(0)


class Payment(_Model):
    method: Name
    installments: int = Field(default=1, gt=0, le=1000)


class Order(_Model):
    order_id: Name
    items: list[Item] = Field(min_length=1)
    total: Money | None = None
    currency: str = Field(default=pricing.DEFAULT_CURRENCY, pattern="^[A-Z]{3}$")
    customer_id: Name | None = None
    customer: Customer | None = None
    payment_method: Name | None = None
    payment: Payment | None = None
    shipping: Shipping | None = None


def check_order(data: Mapping[str, Any]) -> None:
    """Raises InvalidOrder, naming each field that breaks a rule: `items.0.quantity: …`."""
    try:
        order = Order.model_validate(data)
    except ValidationError as error:
        raise InvalidOrder("; ".join(_problem(each) for each in error.errors())) from None
    if order.total is not None:
        computed = pricing.order_total(data)
        if abs(order.total - computed) > TOLERANCE:
            raise InvalidOrder(f"total: {order.total} given, but the items make {computed}")


def _problem(error: Any) -> str:
    field = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    return f"{field}: {message}" if field else message
