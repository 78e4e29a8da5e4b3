"""Conformance: what a transport declares is whole, and settings that do not fit are refused before anything travels."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from crossdock.core.errors import CrossdockError, Misconfigured
from crossdock.core.outcomes import EffectAbsent, EffectFound
from crossdock.testing.transports.kit import TransportBench, TransportKit, open_transport


class DeclaredConformance(TransportKit):
    """Names, capabilities, options, credentials."""

    async def test_it_has_a_name_a_title_and_something_it_can_do(self, bench: TransportBench) -> None:
        able = self.transport.capabilities
        assert self.transport.kind
        assert self.transport.title
        assert able.sends or able.receives or able.collects

    async def test_a_setting_nobody_knows_is_refused(self, bench: TransportBench) -> None:
        with pytest.raises(ValidationError):
            self.transport.Options.model_validate({**bench.correspondent.options(), "no_such_setting": 1})

    async def test_without_a_credential_it_needs_it_is_misconfigured(self) -> None:
        first = self.correspondent()
        await first.start()
        needed = self.transport.credential_purposes(self.transport.Options.model_validate(dict(first.options())))
        await first.stop()
        assert needed <= set(first.secrets()), "the test kit does not provide every credential the transport asks for"
        for purpose in sorted(needed):
            found: list[CrossdockError] = []
            async with open_transport(self.transport, self.correspondent(), patience=self.patience, without=purpose) as bench:
                able = self.transport.capabilities
                if able.sends:
                    outcome = await bench.send(self.envelope())
                    found += [outcome] if isinstance(outcome, CrossdockError) else []
                    assert not isinstance(outcome, CrossdockError) or isinstance(outcome, Misconfigured), outcome
                if able.collects:
                    try:
                        await bench.transport.collect({})
                    except CrossdockError as error:
                        found.append(error)
                if able.receives:
                    try:
                        bench.transport.receive(bench.correspondent.request("a.edi", b"ISA", "1"))
                    except CrossdockError as error:
                        found.append(error)
            if able.sends or able.collects or able.receives:
                assert any(isinstance(each, Misconfigured) for each in found), f"nothing misses the credential {purpose!r}"

    async def test_it_is_well_and_says_so(self, bench: TransportBench) -> None:
        assert (await bench.transport.probe()).healthy

    async def test_what_was_never_sent_is_not_found(self, bench: TransportBench) -> None:
        self.need(self.transport.capabilities.finds, "cannot tell for certain")
        assert isinstance(await bench.transport.find("never/sent"), EffectAbsent)
        assert not isinstance(await bench.transport.find("never/sent"), EffectFound)
