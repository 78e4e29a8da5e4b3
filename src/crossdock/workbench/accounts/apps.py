"""Registers the accounts with Django's app registry."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "crossdock.workbench.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from crossdock.workbench.accounts import signals

        signals.connect()
