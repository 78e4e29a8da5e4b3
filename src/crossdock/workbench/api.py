"""The REST API under `/api/`: who may call, how errors look, and the features' routers. A feature hangs its router in like this:

    workbench/<feature>/api.py
        router = Router()

        @router.get("/", response=list[Out], summary="...")
        @permitted(Permission.EXCEPTIONS_SEE)
        def list_(request: Request, ...): ...

and names the prefix in its line of `features.py`. An operation without `@permitted` fails the role matrix test. What the operation is
*about* it checks with `page.require`, as pages do. Raise `api_problem.Problem(409, "exceptions.stale", "...", hint="...")` for anything else.
"""

from __future__ import annotations

from importlib import import_module

from crossdock import __version__
from crossdock.workbench.api_frame import Frame, KeyOrSession, install_errors, open_document
from crossdock.workbench.features import FEATURES

api = Frame(
    title="Crossdock",
    version=__version__,
    description="Everything the pages do. Errors are problem details (RFC 9457).",
    auth=KeyOrSession(),
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
)
install_errors(api)
open_document(api)
for each in FEATURES:
    if each.api is not None:
        api.add_router(each.api, import_module(f"crossdock.workbench.{each.folder}.api").router, tags=[each.folder])
