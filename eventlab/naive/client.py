"""A client for another service as it is usually first written. The sound one is `eventlab.services.external`.

What is wrong with it:

- the request carries no key. When the answer is lost, asking again makes a second
  order, and not asking leaves one that nobody knows of;
- one error for everything: a no, a breakdown and an answer that never came look
  alike, so nobody can tell what is worth asking again, and what must be undone;
- nothing is asked again, however short the breakdown;
- cancelling what is not there is an error. The goal is reached, and the
  compensation that called it fails, for ever.
"""

from __future__ import annotations

from typing import Any

import httpx


class ServiceError(Exception):
    """The request failed: with a status and a body, or with status 0 and what the library said."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


class NaiveServiceClient:
    """Three fields, and two calls."""

    def __init__(self, service_url: str, timeout_s: float = 2.0, transport: httpx.AsyncBaseTransport | None = None):
        self.service_url = service_url
        self.http_client = httpx.AsyncClient(transport=transport, timeout=timeout_s, trust_env=False)

    async def create_order(self, order: dict[str, Any]) -> Any:
        """The answer to *order*. Raises ServiceError for whatever else comes, or does not come."""
        return (await self._send("POST", "/orders", order)).json()

    async def cancel_order(self, order_id: str) -> None:
        """Undo it. Raises ServiceError also when there is nothing to undo."""
        await self._send("DELETE", f"/orders/{order_id}")

    async def _send(self, method: str, path: str, body: Any = None) -> httpx.Response:
        try:
            response = await self.http_client.request(method, self.service_url + path, json=body)
        except httpx.HTTPError as error:
            raise ServiceError(0, str(error) or type(error).__name__) from error
        if not response.is_success:
            raise ServiceError(response.status_code, response.text)
        return response
