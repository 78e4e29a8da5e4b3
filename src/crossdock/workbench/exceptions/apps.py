"""Registers the exception workbench with Django's app registry."""

from __future__ import annotations

from django.apps import AppConfig


class ExceptionsConfig(AppConfig):
    name = "crossdock.workbench.exceptions"
    label = "exceptions"
    default_auto_field = "django.db.models.BigAutoField"
