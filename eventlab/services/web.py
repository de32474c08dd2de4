"""Any service as an application of Starlette: the same handlers behind another door. Needs the extra ``http``.

::

    uvicorn.run(application(Payments("payments", store)), port=8002)
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from .door import Door
from .service import Service


def application(service: Service) -> Starlette:
    """*service* over HTTP: ``POST /<operation>``, ``/health/live``, ``/health/ready``.

    A server that runs the application's lifespan, as uvicorn does, starts the service and stops it, and meanwhile calls
    are answered as unavailable. Where nobody does, as on a simulated network, that is up to whoever built the service.
    The door is the application's ``state.door``.
    """
    door = Door(service.name)

    @asynccontextmanager
    async def living(app: Starlette) -> AsyncIterator[None]:
        door.close("it is starting")
        await service.start()
        door.open(service.receive, service.check)
        try:
            yield
        finally:
            door.close("it is stopping")
            await service.stop()

    door.open(service.receive, service.check)
    return door.application(living)
