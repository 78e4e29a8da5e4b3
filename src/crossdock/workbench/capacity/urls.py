"""Pages of capacity."""

from __future__ import annotations

from django.urls import path

from crossdock.workbench.capacity import views

app_name = "capacity"
urlpatterns = [path("", views.review, name="review"), path("review.pdf", views.review_pdf, name="review_pdf")]
