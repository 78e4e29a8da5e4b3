"""Pages of releases."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.releases import views

app_name = "releases"
urlpatterns = [path("", views.history, name="history")]
