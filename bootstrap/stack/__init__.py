"""The servers: an embedded PostgreSQL and Superset, or those that the settings name instead.

=================  ==========================  ================================================================
LGS_WAREHOUSE_URL  LGS_SUPERSET_URL            what is started here
=================  ==========================  ================================================================
not set            not set                     PostgreSQL (databases ``lgs`` and ``superset``) and Superset
not set            set                         PostgreSQL (database ``lgs``)
set                not set                     Superset; its metadata lies on the named server in a database
                                               ``superset`` of its own, or in an embedded PostgreSQL: when it was
                                               there before, or that server lets us make no database, or holds
                                               one of that name that is not ours
set                set                         nothing
=================  ==========================  ================================================================

The user of LGS_WAREHOUSE_URL administers that database: the three ``lgs_*`` roles are made with it.
"""

from bootstrap.stack.lifecycle import connect, ready, remove, restore_roles, start, status, stop
from bootstrap.stack.stack import Stack
from bootstrap.stack.status import Data, Failure, Status

__all__ = [
    "Data",
    "Failure",
    "Stack",
    "Status",
    "connect",
    "ready",
    "remove",
    "restore_roles",
    "start",
    "status",
    "stop",
]
