"""Pages of the supplier portal. Order numbers may hold slashes, so they come last."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.orders, name="orders"),
    path("orders/<str:system>/<path:number>/", views.order, name="order"),
    path("answer/<str:system>/<path:number>/", views.answer, name="answer"),
    path("ship/<str:system>/<path:number>/", views.ship, name="ship"),
    path("invoice/<str:system>/<path:number>/", views.invoice, name="invoice"),
    path("upload/<str:system>/", views.upload, name="upload"),
    path("template/<str:kind>/<str:form>/<str:system>/<path:number>/", views.template, name="template"),
    path("labels/<int:number>/", views.label, name="labels"),
]
