"""What can be wrong with a document as such: its schema, the rules of the landscape, its products."""

from __future__ import annotations

from crossdock.core.errors.tree import Rejected


class SchemaInvalid(Rejected):
    """The document does not fit the canonical schema."""

    code = "validate.schema"
    hint = "Every wrong field is listed in the detail; correct them at the source or edit and replay."


class RuleViolated(Rejected):
    """A business rule of the landscape refuses this document."""

    code = "validate.rule"
    hint = "The rule and its reason are in the detail; correct the data or change the rule by review."


class UnknownSku(Rejected):
    """A product in this document is not known to the system that owns products."""

    code = "validate.unknown_sku"
    hint = "Create the product in its owner system or map the SKU, then retry."
