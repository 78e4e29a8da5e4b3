"""Pages of regions."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.regions import views

app_name = "regions"
urlpatterns = [path("", views.overview, name="overview"), path("<str:name>/", views.one, name="one")]
