"""Pages of the system-of-record matrix."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.ownership import views

app_name = "ownership"
urlpatterns = [
    path("", views.matrix, name="matrix"),
    path("<slug:name>.csv", views.part, name="part"),
]
