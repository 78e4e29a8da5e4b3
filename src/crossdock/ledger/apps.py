"""Registers the ledger with Django's app registry; knows nothing of the pipeline."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "crossdock.ledger"
    label = "ledger"
    default_auto_field = "django.db.models.BigAutoField"
