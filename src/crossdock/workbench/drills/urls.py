"""Pages of drills."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.drills import views

app_name = "drills"
urlpatterns = [path("", views.checklist, name="checklist")]
