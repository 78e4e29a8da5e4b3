"""Pages of the board."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.board import views

app_name = "board"
urlpatterns = [
    path("", views.board, name="board"),
    path("live/", views.live, name="live"),
    path("cost/", views.cost, name="cost"),
    path("alerts/", views.alerts, name="alerts"),
    path("alerts/<str:number>/", views.alert, name="alert"),
    path("alerts/<str:number>/take/", views.take, name="take"),
    path("<slug:lane>/", views.lane, name="lane"),
]
