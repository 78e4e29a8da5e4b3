"""All URLs of the workbench. A feature hangs its own in by a line in `features.py`:

    workbench/<feature>/urls.py      app_name = "<feature>"; urlpatterns = [path("", views.inbox, name="inbox"), ...]
    workbench/<feature>/views.py     @page(Permission.EXCEPTIONS_SEE) on every view; `render(request, "<feature>/inbox.html", {...})`
    workbench/<feature>/templates/<feature>/inbox.html   {% extends layout %} {% block title %} {% block content %}

A view without `@page` or `@public` fails the role matrix test.
"""

from __future__ import annotations

from importlib import import_module

from django.urls import URLPattern, URLResolver, include, path

from crossdock.workbench import assets, errors, front_page
from crossdock.workbench.accounts.foreign import sign_in_patterns
from crossdock.workbench.api import api
from crossdock.workbench.features import FEATURES

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.broken

urlpatterns: list[URLPattern | URLResolver] = [
    path("", front_page.root, name="root"),
    path("language/", front_page.language, name="language"),
    path("zone/", front_page.zone, name="zone"),
    path("static/<path:name>", assets.static, name="static"),
    path("api/", api.urls),
    *sign_in_patterns(),
]
urlpatterns += [
    path(each.pages, include(import_module(f"crossdock.workbench.{each.folder}.urls")))
    for each in FEATURES
    if each.pages is not None
]
