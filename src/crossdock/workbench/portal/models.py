"""What suppliers sent by the portal: which paper, in which message, with which SSCCs; the contents are the ledger's."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class Paper(models.Model):
    """One document a supplier sent. `token` is the form's, so that a form sent twice is one paper; `message` is the ledger's."""

    token = models.CharField(max_length=80)
    place = models.PositiveSmallIntegerField(default=0)
    """Which document of the message it is: an upload may hold several."""
    system = models.CharField(max_length=64)
    order_number = models.CharField(max_length=64)
    kind = models.CharField(max_length=16)
    number = models.CharField(max_length=64)
    message = models.BigIntegerField()
    author = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)
    summary = models.CharField(max_length=200, blank=True)
    packages = models.JSONField(default=list)
    """Of a ship notice: per package its SSCC, type and weight, for labels."""

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["system", "token", "place"], name="portal_paper_once")
        ]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["system", "order_number", "-id"], name="portal_paper_order")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
