"""What can be wrong when bytes become events: the format, the kind of document, the mapping and its codes."""

from __future__ import annotations

from crossdock.core.errors.tree import Rejected


class PayloadMalformed(Rejected):
    """The body cannot be read in the format it claims."""

    code = "normalize.malformed"
    hint = "The bytes are kept; open them in the exception and ask the sender to mend the format."


class DocumentUnknown(Rejected):
    """No mapping knows this kind of document."""

    code = "normalize.unknown_document"
    hint = "Switch the topic off at the sender or add a mapping for it."


class SourceDeleted(Rejected):
    """A document that others act on was deleted in the system it came from."""

    code = "normalize.source_deleted"
    hint = "Nobody was told that it is taken back: settle it with the partner by hand, then discard this message."


class MappingFailed(Rejected):
    """The mapping of this system failed on this document."""

    code = "normalize.mapping_failed"
    hint = "This is a defect of the connector: report it with the message's number; retry once it is mended."


class ValueMapMissing(Rejected):
    """A code of the partner has no entry in the value map."""

    code = "normalize.value_map_missing"
    hint = "Add the entry named in the detail to the value map, then retry the group."
