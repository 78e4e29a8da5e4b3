"""Pages of the dashboards."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.dashboards import views

app_name = "dashboards"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("live/", views.live, name="live"),
    path("flows/<str:name>/", views.flow, name="flow"),
    path("systems/<str:name>/", views.system, name="system"),
]
