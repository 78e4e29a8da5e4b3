"""Saved filters of the inbox, personal and shared; an URL each."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models


class SavedFilter(models.Model):
    """A named choice of exceptions. `query` is the query string of the inbox; a shared one is for everybody, narrowed to what each may see."""

    name = models.CharField(max_length=100)
    query = models.CharField(max_length=2000)
    owner = models.CharField(max_length=200)
    shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["owner", "name"], name="exceptions_filter_name"),
        ]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["shared", "name"], name="exceptions_filter_shared")]

    def __str__(self) -> str:
        return self.name
