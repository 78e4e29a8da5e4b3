"""Pages of partners on their way to live."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.onboarding import views

app_name = "onboarding"
urlpatterns = [
    path("", views.partners, name="partners"),
    path("new/", views.new, name="new"),
    path("<slug:name>/", views.partner, name="partner"),
    path("<slug:name>/<slug:what>/", views.act, name="act"),
]
