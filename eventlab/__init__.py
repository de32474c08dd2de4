"""eventlab, a flight simulator for event-sourced systems: one asyncio codebase, on the real clock or in virtual time.

Importing this loads nothing else. Where to begin:

* `eventlab.simulation.World` runs asyncio code in virtual time, with nodes that crash and a network that partitions;
* `eventlab.store`, `eventlab.commands`, `eventlab.resilience`, `eventlab.services` and `eventlab.sagas` are what one
  builds services of; `eventlab.shop` is a whole one, to read;
* `eventlab.scenarios` loads a scenario file and runs it, as the command ``eventlab run`` does;
* `eventlab.testing` holds what stores and transports promise, as checks for anybody's.

To read the package, begin with `eventlab.errors`, `eventlab.runtime` and `eventlab.hooks`.
"""

__version__ = "0.1.0"
