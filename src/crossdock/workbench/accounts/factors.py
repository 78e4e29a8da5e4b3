"""Whether somebody still owes a second factor: asked by the landscape of those with certain roles who sign in by password."""

from __future__ import annotations

from typing import Any, Final

from allauth.mfa.models import Authenticator

from crossdock.workbench.place import place

KNOWN: Final = "crossdock_factor"
"""In the session of somebody whose factor was seen once: it is not asked for again on each request."""


def owed(request: Any) -> bool:
    """Whether this session may do nothing but set up a second factor."""
    wanted = set(place().landscape.environment.workbench.second_factor)
    if not wanted or request.person.is_service or not wanted & {grant.role.value for grant in request.person.grants}:
        return False
    session = request.session
    if session.get(KNOWN):
        return False
    methods = {str(each.get("method", "")) for each in session.get("account_authentication_methods", ())}
    if "socialaccount" in methods or Authenticator.objects.filter(user_id=request.person.number).exists():
        session[KNOWN] = True
        return False
    return True
