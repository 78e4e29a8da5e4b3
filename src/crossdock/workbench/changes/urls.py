"""Pages of the review board."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.changes import views

app_name = "changes"
urlpatterns = [
    path("", views.requests, name="requests"),
    path("open/", views.start, name="open"),
    path("back/", views.go_back, name="back"),
    path("waive/", views.waive, name="waive"),
    path("decisions.csv", views.log, name="log"),
    path("<str:number>/", views.change, name="change"),
    path("<str:number>/decide/", views.decide, name="decide"),
    path("<str:number>/withdraw/", views.withdraw, name="withdraw"),
    path("<str:number>/promote/", views.promote, name="promote"),
]
