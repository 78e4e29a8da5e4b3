"""Pages about the set-up."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.setup import views

app_name = "setup"
urlpatterns = [path("", views.overview, name="overview")]
