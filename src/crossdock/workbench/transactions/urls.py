"""Pages of transactions."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.transactions import views

app_name = "transactions"
urlpatterns = [
    path("", views.search, name="search"),
    path("<path:key>/unmask/", views.unmask, name="unmask"),
    path("<path:key>/", views.transaction, name="transaction"),
]
