"""Pages of finance."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.finance import views

app_name = "finance"
urlpatterns = [
    path("", views.carriers, name="carriers"),
    path("carriers.csv", views.carriers_csv, name="carriers_csv"),
    path("carriers.pdf", views.carriers_pdf, name="carriers_pdf"),
    path("proof/", views.proof, name="proof"),
    path("proof.csv", views.proof_csv, name="proof_csv"),
    path("proof.pdf", views.proof_pdf, name="proof_pdf"),
]
