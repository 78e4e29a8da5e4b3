"""Django's settings of a workbench process, made from what the process was told at its start; read from no module."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from crossdock.landscape.models import Environment
from crossdock.ledger.database import configure, migrate
from crossdock.workbench.start import Start

HERE: Final = Path(__file__).parent
CONNECTIONS: Final = 10
"""Connections to PostgreSQL a process keeps for accounts and sessions, beside those that read the ledger."""


def prepare(start: Start) -> None:
    """Configure Django for the whole workbench on the start's ledger and bring the workbench's tables up to date."""
    from crossdock.landscape.load import load
    from crossdock.workbench import place
    from crossdock.workbench.secret_key import secret_key

    landscape = load(start.landscape, start.environment or None)
    configure(start.location, project(start, landscape.environment, secret_key(start.location)))
    migrate(start.location)
    place.open_at(start, landscape)


def project(start: Start, environment: Environment, key: str) -> dict[str, Any]:
    """All settings; `key` signs and encrypts what leaves or rests outside of memory."""
    from crossdock.workbench.features import FEATURES

    folders = [f"crossdock.workbench.{each.folder}" for each in FEATURES]
    database = start.location.django()
    if start.location.vendor == "sqlite":
        # a transaction that writes takes the lock at its beginning: one that took it later could not wait for the hub
        database["OPTIONS"] = {"timeout": 30, "transaction_mode": "IMMEDIATE"}
    elif find_spec("psycopg_pool"):
        # a page asks for who looks and what they may see: connecting anew takes longer than that
        database["OPTIONS"] = {**database["OPTIONS"], "pool": {"min_size": 1, "max_size": CONNECTIONS, "timeout": 10}}
        database["CONN_HEALTH_CHECKS"] = True
    return {
        "DATABASES": {"default": database},
        "SECRET_KEY": key,
        "DEBUG": False,
        "ROOT_URLCONF": "crossdock.workbench.urls",
        "ALLOWED_HOSTS": allowed_hosts(start, environment),
        "INSTALLED_APPS": [
            "crossdock.ledger",
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "django.contrib.messages",
            "django.contrib.humanize",
            "django_htmx",
            "allauth",
            "allauth.account",
            "allauth.mfa",
            "allauth.usersessions",
            "allauth.socialaccount",
            "allauth.socialaccount.providers.openid_connect",
            *(["allauth.socialaccount.providers.saml"] if find_spec("onelogin") else []),
            "crossdock.workbench",
            *(folder for folder, each in zip(folders, FEATURES, strict=True) if each.models),
        ],
        "MIDDLEWARE": [
            "crossdock.workbench.headers.Headers",
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "crossdock.workbench.accounts.presence.Presence",
            "crossdock.workbench.api_edge.ApiEdge",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
            "django_htmx.middleware.HtmxMiddleware",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [HERE / "templates", *(HERE / each.folder / "templates" for each in FEATURES)],
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.template.context_processors.i18n",
                        "django.contrib.messages.context_processors.messages",
                        "crossdock.workbench.layout.layout",
                    ],
                    "builtins": ["django.templatetags.i18n", "crossdock.workbench.templatetags.crossdock"],
                },
            }
        ],
        "USE_TZ": True,
        "TIME_ZONE": "UTC",
        "USE_I18N": True,
        "LANGUAGE_CODE": "en",
        "LANGUAGES": [("en", "English"), ("de", "Deutsch")],
        "LOCALE_PATHS": [HERE / "locale", *(HERE / each.folder / "locale" for each in FEATURES)],
        "STATIC_URL": "/static/",
        "DEFAULT_AUTO_FIELD": "django.db.models.BigAutoField",
        "LOGGING_CONFIG": None,
        "APPEND_SLASH": True,
        "CSRF_FAILURE_VIEW": "crossdock.workbench.errors.csrf_failed",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 10 * 1024 * 1024,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 20_000,
        "CACHES": {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        **_sessions(start, environment),
        **_accounts(start),
    }


def allowed_hosts(start: Start, environment: Environment) -> list[str]:
    """Names this workbench answers to: this machine's own, and those it was given. Any other is refused."""
    own = urlsplit(environment.address).hostname or ""
    return sorted({"localhost", "127.0.0.1", "[::1]", *start.hosts, *environment.workbench.hosts, *filter(None, [own])})


def _sessions(start: Start, environment: Environment) -> dict[str, Any]:
    secure = bool(start.options.get("secure", start.exposed or environment.address.startswith("https:")))
    prefix = "__Host-" if secure else ""
    return {
        "SESSION_ENGINE": "django.contrib.sessions.backends.db",
        "SESSION_COOKIE_AGE": int(environment.workbench.longest.total_seconds()),
        "SESSION_COOKIE_NAME": f"{prefix}crossdock",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": secure,
        "CSRF_COOKIE_NAME": f"{prefix}crossdock_csrf",
        "CSRF_COOKIE_HTTPONLY": False,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SECURE": secure,
        "LANGUAGE_COOKIE_NAME": "crossdock_language",
        "LANGUAGE_COOKIE_SAMESITE": "Lax",
        "SECURE_HSTS_SECONDS": 31_536_000 if secure else 0,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "CROSSDOCK_SECURE": secure,
    }


def _accounts(start: Start) -> dict[str, Any]:
    return {
        "AUTH_USER_MODEL": "accounts.User",
        "AUTHENTICATION_BACKENDS": ["allauth.account.auth_backends.AuthenticationBackend"],
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
             "OPTIONS": {"user_attributes": ("username", "email", "full_name")}},
            {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
            {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
            {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
        ],
        "SILENCED_SYSTEM_CHECKS": ["auth.W004"],  # names are unique whatever their capitals, by a constraint
        "LOGIN_URL": "account_login",
        "LOGIN_REDIRECT_URL": "/",
        "LOGOUT_REDIRECT_URL": "/account/login/",
        "ACCOUNT_ADAPTER": "crossdock.workbench.accounts.adapters.AccountAdapter",
        "ACCOUNT_LOGIN_METHODS": {"username", "email"},
        "ACCOUNT_SIGNUP_FIELDS": ["username*", "email", "password1*", "password2*"],
        "ACCOUNT_EMAIL_VERIFICATION": "none",
        "ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS": False,
        "ACCOUNT_LOGOUT_ON_GET": False,
        "ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE": False,
        "ACCOUNT_SESSION_REMEMBER": False,
        "ACCOUNT_REAUTHENTICATION_TIMEOUT": 900,
        "PASSWORD_HASHERS": [
            "django.contrib.auth.hashers.ScryptPasswordHasher",
            "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        ],
        "ACCOUNT_RATE_LIMITS": {"login": "300/m/ip", "login_failed": "10/5m/key", "reauthenticate": "10/m/user", "change_password": "5/m/user"},
        "SOCIALACCOUNT_ADAPTER": "crossdock.workbench.accounts.company.CompanyAdapter",
        "SOCIALACCOUNT_PROVIDERS": {},
        # a link, not a form: browsers apply form-action of the content security policy to where a form is redirected
        "SOCIALACCOUNT_LOGIN_ON_GET": True,
        "MFA_ADAPTER": "crossdock.workbench.accounts.adapters.SecondFactorAdapter",
        "MFA_SUPPORTED_TYPES": ["totp", "recovery_codes", "webauthn"],
        "MFA_TOTP_ISSUER": "Crossdock",
        "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN": not start.exposed,
        "MFA_RECOVERY_CODES_SHOW_ONCE": True,
        "USERSESSIONS_TRACK_ACTIVITY": False,
    }  # fmt: skip
