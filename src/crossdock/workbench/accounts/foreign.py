"""Which of django-allauth's views are open here, and under which paths; all others do not exist."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from typing import Any

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as oidc
from django.urls import URLPattern, URLResolver, path

from crossdock.security.roles import Permission
from crossdock.workbench.page import PUBLIC, page

View = Callable[..., Any]


def _public(view: View) -> View:
    @wraps(view)
    def opened(request: Any, *args: Any, **kwargs: Any) -> Any:
        return view(request, *args, **kwargs)

    opened.permission = PUBLIC  # type: ignore[attr-defined]
    return opened


def _own(view: View) -> View:
    return page(Permission.OWN_ACCOUNT, "GET", "POST")(view)


def sign_in_patterns() -> list[URLPattern | URLResolver]:
    """Sign-in, its second factor and its re-authentication; company identity; one's own password and factors."""
    found: list[URLPattern | URLResolver] = [
        path("account/login/", _public(account.login), name="account_login"),
        path("account/logout/", _public(account.logout), name="account_logout"),
        path("account/inactive/", _public(account.account_inactive), name="account_inactive"),
        path("account/signup/", _public(account.signup), name="account_signup"),
        path("account/reauthenticate/", _own(account.reauthenticate), name="account_reauthenticate"),
        path("account/password/change/", _own(account.password_change), name="account_change_password"),
        path("account/password/set/", _own(account.password_set), name="account_set_password"),
        path("account/2fa/", _own(mfa.index), name="mfa_index"),
        path("account/2fa/authenticate/", _public(mfa.authenticate), name="mfa_authenticate"),
        path("account/2fa/reauthenticate/", _own(mfa.reauthenticate), name="mfa_reauthenticate"),
        path("account/2fa/totp/activate/", _own(totp.activate_totp), name="mfa_activate_totp"),
        path("account/2fa/totp/deactivate/", _own(totp.deactivate_totp), name="mfa_deactivate_totp"),
        path("account/2fa/codes/", _own(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
        path("account/2fa/codes/generate/", _own(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
        path("account/2fa/codes/download/", _own(codes.download_recovery_codes), name="mfa_download_recovery_codes"),
        path("account/2fa/keys/", _own(webauthn.list_webauthn), name="mfa_list_webauthn"),
        path("account/2fa/keys/add/", _own(webauthn.add_webauthn), name="mfa_add_webauthn"),
        path("account/2fa/keys/<int:pk>/remove/", _own(webauthn.remove_webauthn), name="mfa_remove_webauthn"),
        path("account/2fa/keys/<int:pk>/edit/", _own(webauthn.edit_webauthn), name="mfa_edit_webauthn"),
        path("account/2fa/keys/reauthenticate/", _own(webauthn.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
        path("account/company/cancelled/", _public(social.login_cancelled), name="socialaccount_login_cancelled"),
        path("account/company/error/", _public(social.login_error), name="socialaccount_login_error"),
        path("account/company/signup/", _public(social.signup), name="socialaccount_signup"),
        path("account/oidc/<str:provider_id>/login/", _public(oidc.login), name="openid_connect_login"),
        path("account/oidc/<str:provider_id>/login/callback/", _public(oidc.callback), name="openid_connect_callback"),
    ]
    if find_spec("onelogin"):
        from allauth.socialaccount.providers.saml import views as saml

        found += [
            path("account/saml/<str:organization_slug>/login/", _public(saml.login), name="saml_login"),
            path("account/saml/<str:organization_slug>/acs/", _public(saml.acs), name="saml_acs"),
            path("account/saml/<str:organization_slug>/acs/finish/", _public(saml.finish_acs), name="saml_finish_acs"),
            path("account/saml/<str:organization_slug>/sls/", _public(saml.sls), name="saml_sls"),
            path("account/saml/<str:organization_slug>/metadata/", _public(saml.metadata), name="saml_metadata"),
        ]
    return found
