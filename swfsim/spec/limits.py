"""Quotas and defaults that the service model does not state.

Sources: [Q] Amazon SWF quotas page, [D] API reference or developer guide, [O] observed on the
service, [I] inferred.
"""

from __future__ import annotations

from typing import Final

DOMAINS_MAX: Final = 100  # [Q] per account and region, deprecated ones included
TYPES_MAX: Final = 10_000  # [Q] of each kind per domain, deprecated ones included
OPEN_EXECUTIONS_MAX: Final = 100_000  # [Q] per domain, children included
EVENTS_MAX: Final = 25_000  # [Q] per run; the next event terminates it
OPEN_ACTIVITIES_MAX: Final = 1_000  # [Q] per execution, scheduled and started
OPEN_TIMERS_MAX: Final = 1_000  # [Q] per execution
OPEN_CHILDREN_MAX: Final = 1_000  # [Q] per execution
OPEN_LAMBDAS_MAX: Final = 1_000  # [I] by analogy; the quotas page is silent
POLLERS_MAX: Final = 1_000  # [Q] concurrent polls per task list
DECISIONS_MAX: Final = 1_000  # [O] one client's author; older texts say 100
DOMAIN_TAGS_MAX: Final = 50  # [D] RegisterDomain

EXECUTION_S_MAX: Final = 31_536_000  # [Q] one year, fixed
RETENTION_DAYS_MAX: Final = 90  # [D] RegisterDomain
LAMBDA_S_MAX: Final = 900  # [D] ScheduleLambdaFunction
LAMBDA_S_DEFAULT: Final = 900  # [D] ScheduleLambdaFunction

PAGE_SIZE_MAX: Final = 1_000  # [O] also the default; it was 100 before 2016
PAGE_TOKEN_S_MAX: Final = 86_400  # [D] a page token's lifetime
LONG_POLL_S: Final = 60  # [D] how long an empty poll is held
