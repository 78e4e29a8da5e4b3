"""Registers the supplier portal with Django's app registry."""

from __future__ import annotations

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "crossdock.workbench.portal"
    label = "portal"
    default_auto_field = "django.db.models.BigAutoField"
