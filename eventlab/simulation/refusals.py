"""The ways out of a simulated world, closed: each raises, and says what to use instead."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import NotSimulated

_SOCKETS = "use SimulatedTransport for calls, SimulatedHttpTransport for httpx, or world.network.send for messages"
_FILES = "files are read and written directly: in a simulation that takes no time"

_PLAIN = {
    "run_forever": ("loop.run_forever()", "use World.run(main)"),
    "run_until_complete": ("loop.run_until_complete()", "use World.run(main)"),
    "add_signal_handler": ("a signal handler", "World.run raises KeyboardInterrupt; or crash a node"),
    "remove_signal_handler": ("a signal handler", "there is none to remove in a simulation"),
    **dict.fromkeys(("add_reader", "remove_reader", "add_writer", "remove_writer"), ("a socket", _SOCKETS)),
}

_AWAITED = {
    **dict.fromkeys(("subprocess_exec", "subprocess_shell"), ("a subprocess", "model it as a node: world.node(name)")),
    **dict.fromkeys(
        (
            *("create_connection", "create_server", "create_datagram_endpoint", "connect_accepted_socket"),
            *("create_unix_connection", "create_unix_server", "start_tls", "getaddrinfo", "getnameinfo"),
            *("sock_recv", "sock_recv_into", "sock_recvfrom", "sock_recvfrom_into", "sock_sendall", "sock_sendto"),
            *("sock_connect", "sock_accept"),
        ),
        ("a socket", _SOCKETS),
    ),
    **dict.fromkeys(("connect_read_pipe", "connect_write_pipe"), ("a pipe", _FILES)),
    **dict.fromkeys(("sendfile", "sock_sendfile"), ("sending a file", _SOCKETS)),
}


def refuse_ways_out(loop_class: type) -> None:
    """Put a refusal in the place of every method of *loop_class* that would reach the real world."""
    for name, (what, instead) in _PLAIN.items():
        setattr(loop_class, name, _refusal(what, instead))
    for name, (what, instead) in _AWAITED.items():
        setattr(loop_class, name, _awaited_refusal(what, instead))


def _refusal(what: str, instead: str) -> Any:
    def refuse(self: object, *args: Any, **options: Any) -> NoReturn:
        raise NotSimulated(what, instead)

    return refuse


def _awaited_refusal(what: str, instead: str) -> Any:
    async def refuse(self: object, *args: Any, **options: Any) -> NoReturn:
        raise NotSimulated(what, instead)

    return refuse
