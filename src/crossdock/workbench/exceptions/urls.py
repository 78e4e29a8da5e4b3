"""Pages of the exception workbench."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.exceptions import acting, editing, fixing, views

app_name = "exceptions"
urlpatterns = [
    path("", views.inbox, name="inbox"),
    path("search/", views.search, name="search"),
    path("export.csv", views.export, name="export"),
    path("filters/", views.save, name="save"),
    path("filters/<int:number>/drop/", views.forget, name="forget"),
    path("value-maps/", fixing.value_maps, name="value_maps"),
    path("value-maps/entries.yaml", fixing.export_value_maps, name="export_value_maps"),
    path("<str:number>/", acting.detail, name="detail"),
    path("<str:number>/do/<str:kind>/", acting.do, name="do"),
    path("<str:number>/unmask/", acting.unmask, name="unmask"),
    path("<str:number>/evidence.zip", acting.download, name="evidence"),
    path("<str:number>/edit/", editing.edit, name="edit"),
    path("<str:number>/value-map/", fixing.value_map, name="value_map"),
    path("<str:number>/credential/", fixing.credential, name="credential"),
]
