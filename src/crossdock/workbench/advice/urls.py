"""Pages of the advice."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.advice import views

app_name = "advice"
urlpatterns = [
    path("", views.advice, name="advice"),
    path("advice.pdf", views.paper, name="paper"),
]
