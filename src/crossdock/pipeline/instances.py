"""Process instances in memory: loaded in batches, kept while their partition is owned; knows no workflow."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crossdock.core.partition import partition_of
from crossdock.ledger.session import Row
from crossdock.pipeline.runtime import Flow


@dataclass(slots=True)
class Instance:
    """The state of one workflow for one key in one flow."""

    number: int
    key: str
    flow: Flow
    state: Any
    """None when retention has removed it: the transaction is over."""
    opened_at: int
    correlation: str
    bundle: str
    """The bundle it is carried out by: the one it began with, unless that is not at hand any more."""


class InstanceCache:
    """The most recently used keys with all their instances; a key that is present is complete, also when it has none."""

    def __init__(self, size: int, partitions: int, bundle: str, begun: Mapping[str, Mapping[str, Flow]]) -> None:
        self._size = size
        self._bundle = bundle
        self._begun = begun
        self._partitions = partitions
        self._keys: OrderedDict[str, dict[str, Instance]] = OrderedDict()

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Those keys that have to be read from the ledger."""
        return [key for key in keys if key not in self._keys]

    def load(self, keys: Iterable[str], rows: Iterable[Row], flows: Mapping[str, Flow]) -> None:
        """Take over what the ledger has for these keys (`ledger.work.instances_of`)."""
        for key in keys:
            self._keys.setdefault(key, {})
        for number, key, flow_name, _process, state, opened_at, correlation, began_with, finished in rows:
            begun = None if finished else self._begun.get(began_with, {}).get(flow_name)
            flow = begun or flows.get(flow_name)
            if flow is not None:
                known = flow.process.load(state) if state else None
                bundle = began_with if begun is not None else self._bundle
                self._keys[key][flow_name] = Instance(number, key, flow, known, opened_at, correlation, bundle)

    def of(self, key: str) -> dict[str, Instance]:
        """The instances of a key by flow; the key must have been loaded."""
        self._keys.move_to_end(key)
        return self._keys[key]

    def trim(self) -> None:
        """Forget the least recently used keys beyond the cache's size; call between micro-batches."""
        while len(self._keys) > self._size:
            self._keys.popitem(last=False)

    def drop(self, partitions: Iterable[int] | None = None) -> None:
        """Forget the keys of partitions another worker owns now; everything without an argument."""
        if partitions is None:
            self._keys.clear()
            return
        lost = set(partitions)
        for key in [k for k in self._keys if partition_of(k, self._partitions) in lost]:
            del self._keys[key]
