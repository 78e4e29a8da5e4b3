"""Pages of credentials."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.credentials import views

app_name = "credentials"
urlpatterns = [path("", views.overview, name="overview"), path("store/", views.store, name="store")]
