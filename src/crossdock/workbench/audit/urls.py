"""Pages of the audit trail."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.search, name="search"),
    path("csv/", views.download, name="csv"),
    path("evidence/<path:key>", views.evidence, name="evidence"),
    path("verify/", views.verify, name="verify"),
]
