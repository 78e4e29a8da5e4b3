"""Registers the workbench's own tags and commands with Django's app registry."""

from __future__ import annotations

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    name = "crossdock.workbench"
    label = "workbench"
