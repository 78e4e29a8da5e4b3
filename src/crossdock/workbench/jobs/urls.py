"""Pages of bulk jobs."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.jobs, name="jobs"),
    path("plan/", views.plan, name="plan"),
    path("<str:number>/", views.job, name="job"),
    path("<str:number>/stop/", views.stop, name="stop"),
    path("<str:number>/approve/", views.approve, name="approve"),
    path("<str:number>/report.csv", views.report, name="report"),
]
