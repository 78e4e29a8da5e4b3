"""Exceptions over the API: everything their pages do, by the same functions."""

from __future__ import annotations

from ninja import Router

from crossdock.workbench.exceptions import api_doing, api_kept, api_lists, api_one

router = Router()
for each in (api_lists, api_kept, api_one, api_doing):
    router.add_router("", each.router)
