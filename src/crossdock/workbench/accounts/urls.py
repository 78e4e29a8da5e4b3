"""Pages about accounts: one's own, the ways in, and for administrators everybody's."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.accounts import entry, key_pages, views

app_name = "accounts"
urlpatterns = [
    path("", views.me, name="me"),
    path("sessions/end/", views.end_session, name="end_session"),
    path("first/<str:token>/", entry.first, name="first"),
    path("welcome/<str:token>/", entry.welcome, name="welcome"),
    path("demo/<str:token>/", entry.demo, name="demo"),
    path("demo/<str:token>/supplier/", entry.demo_supplier, name="demo_supplier"),
    path("people/", views.people, name="people"),
    path("people/add/", views.add, name="add"),
    path("people/<int:number>/", views.person, name="person"),
    path("people/<int:number>/role/", views.give_role, name="give_role"),
    path("people/<int:number>/role/<int:grant>/take/", views.take_role, name="take_role"),
    path("people/<int:number>/teams/", views.teams, name="teams"),
    path("people/<int:number>/active/", views.active, name="active"),
    path("people/<int:number>/invite/", views.invite, name="invite"),
    path("people/<int:number>/unlock/", views.unlock, name="unlock"),
    path("people/<int:number>/factors/", views.forget_factors, name="forget_factors"),
    path("people/<int:number>/sessions/end/", views.end_sessions_of, name="end_sessions_of"),
    path("people/<int:number>/keys/new/", key_pages.new, name="new_key"),
    path("keys/<int:number>/rotate/", key_pages.rotate, name="rotate_key"),
    path("keys/<int:number>/revoke/", key_pages.revoke, name="revoke_key"),
]
