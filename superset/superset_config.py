"""Superset's configuration for both editions: everything that differs between machines comes from the environment.

Required: LGS_SECRET_KEY, LGS_METADATA_URL (SQLAlchemy URL of the metadata database), LGS_CACHE_DIR (a folder).
Optional: LGS_PROJECT (the folder of the project; none: the product's own), LGS_REDIS_URL (server edition: caches,
limits, workers), LGS_SUPERSET_PORT, LGS_SUPERSET_HTTPS (1 = TLS),
LGS_SUPERSET_URL (where the worker reaches the site), LGS_PUBLIC_URL or LGS_PUBLISHED_URL (where people do), LGS_SMTP_*
(the mail server that takes reports).
"""

import base64
import hashlib
import hmac
import os
from pathlib import Path
from typing import Any

import yaml

from bootstrap.project import current
from bootstrap.server import pages, phone, security, sql_lab
from bootstrap.server.reporting import sign_in

_PROJECT = current()
_BRAND = yaml.safe_load(_PROJECT.filled((_PROJECT.superset / "brand.yml").read_text(encoding="utf-8")))


def _required(name: str) -> str:
    if not os.environ.get(name):
        raise RuntimeError(f"{name} is not set. Start Superset with `lgs up`, which sets it.")
    return os.environ[name]


def _one_of(name: str, *values: str) -> str:
    """A setting with few values; the first is the default."""
    value = os.environ.get(name) or values[0]
    if value not in values:
        raise RuntimeError(f"{name} is {value!r}. Set it to one of {', '.join(values)}.")
    return value


def _derived(purpose: str) -> str:
    """A secret of its own for each purpose, so that none is left at Superset's public default."""
    return hmac.new(SECRET_KEY.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def _image(name: str, ink: str) -> str:
    text = _PROJECT.filled((_PROJECT.superset / name).read_text(encoding="utf-8")).replace("INK", ink)
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


SECRET_KEY = _required("LGS_SECRET_KEY")
SQLALCHEMY_DATABASE_URI = _required("LGS_METADATA_URL")
# A restart of the database leaves dead connections behind; and each of the 16 threads may hold one.
SQLALCHEMY_ENGINE_OPTIONS = {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}
GUEST_TOKEN_JWT_SECRET = _derived("guest token")
GLOBAL_ASYNC_QUERIES_JWT_SECRET = _derived("async queries")

SUPERSET_WEBSERVER_PORT = int(os.environ.get("LGS_SUPERSET_PORT", "8088"))

FEATURE_FLAGS = {
    "ALLOW_FULL_CSV_EXPORT": True,
    "DASHBOARD_RBAC": True,
    "EMBEDDABLE_CHARTS": False,
    "ALERT_REPORTS": bool(os.environ.get("LGS_SMTP_HOST")),
    "ALERT_REPORT_TABS": True,
    "PLAYWRIGHT_REPORTS_AND_THUMBNAILS": True,
}

# --- who may come in
AUTH_USER_REGISTRATION = False
PUBLIC_ROLE_LIKE = None
FAB_API_SWAGGER_UI = False
ENABLE_CORS = False  # no other site reads this one
PREVENT_UNSAFE_DB_CONNECTIONS = True
_HTTPS = os.environ.get("LGS_SUPERSET_HTTPS") == "1"
ENABLE_PROXY_FIX = _HTTPS
SESSION_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
RATELIMIT_ENABLED = True
RATELIMIT_STRATEGY = "moving-window"  # the default allows twice as many around the end of a window
RATELIMIT_APPLICATION = "200 per second"  # a dashboard asks for all at once, and an office shares one address
AUTH_RATE_LIMITED = False  # would count right passwords too, and the page's alone; see bootstrap/server/web.py
# Of an address. Without Redis each process counts for itself; together they let as many pass.
_COUNTING = 1 if os.environ.get("LGS_REDIS_URL") else int(os.environ.get("LGS_SUPERSET_WORKERS") or 1)
WRONG_PASSWORDS = f"{max(1, 10 // _COUNTING)} per minute"

TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'"],
        # Handlebars cards compile their templates in the browser; what they draw is sanitised all the same.
        "script-src": ["'self'", "'strict-dynamic'", "'unsafe-eval'"],
        "frame-ancestors": ["'self'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": _HTTPS,
}

# Class names let notes and cards use the dashboard's own style sheet; inline styles and scripts stay forbidden.
HTML_SANITIZATION_SCHEMA_EXTENSIONS = {"attributes": {"*": ["className"]}}


# --- where people land, and what a downloaded file is called
def FLASK_APP_MUTATOR(app: Any) -> None:
    pages.prepare(app)
    phone.prepare(app)
    security.prepare(app)
    sql_lab.prepare(app)


LANDING_DASHBOARD, DATA_UNTIL = _BRAND["landing"], _BRAND["data_until"]  # read by bootstrap/server/pages.py
LABEL_COLORS = {**_PROJECT.colours, **_BRAND["labels"]}  # on dashboards that people make, too

# --- what a query may do: read
CUSTOM_SECURITY_MANAGER = security.SecurityManager
SQL_QUERY_MUTATOR = security.only_read
MUTATE_ALERT_QUERY = True

# --- how much may be asked for
ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000
NATIVE_FILTER_DEFAULT_ROW_LIMIT = 10_000  # a list of products has thousands
CSV_STREAMING_ROW_THRESHOLD = SQL_MAX_ROW + 1  # a streamed list would have raw column names in its first line
DISPLAY_MAX_ROW = SQL_MAX_ROW  # or the page and its clipboard hold fewer rows than the page says
DEFAULT_SQLLAB_LIMIT = 1_000
SUPERSET_WEBSERVER_TIMEOUT = 60
SQLLAB_TIMEOUT = 60
SQLLAB_CTAS_NO_LIMIT = False
# The one for PostgreSQL needs its ecpg program, and marks every line wrong without (apache/superset#29407).
SQL_VALIDATORS_BY_ENGINE: dict[str, str] = {}
DASHBOARD_AUTO_REFRESH_MODE = "fetch"

# --- caches; the keys are recorded so that a refresh can drop what went stale
STORE_CACHE_KEYS_IN_METADATA_DB = True
_REDIS = os.environ.get("LGS_REDIS_URL", "")
# A Redis that hangs must not hold requests up.
_IMPATIENT = f"{_REDIS}?socket_connect_timeout=1&socket_timeout=2"


def _cache(purpose: str, days: int) -> dict[str, object]:
    common = {"CACHE_DEFAULT_TIMEOUT": days * 86_400, "CACHE_KEY_PREFIX": f"lgs_{purpose}_"}
    if _REDIS:
        return common | {"CACHE_TYPE": "bootstrap.server.caches.ForgivingRedisCache", "CACHE_REDIS_URL": _IMPATIENT}
    folder = Path(_required("LGS_CACHE_DIR")) / purpose
    return common | {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(folder), "CACHE_THRESHOLD": 5_000}


# One cache for both: Superset's invalidation drops keys from CACHE_CONFIG's cache only (apache/superset#40489).
CACHE_CONFIG = _cache("data", 1)
DATA_CACHE_CONFIG = CACHE_CONFIG
THUMBNAIL_CACHE_CONFIG = _cache("thumbnails", 7)

if _REDIS:
    from celery.schedules import crontab
    from redis import Redis

    from bootstrap.server.caches import ForgivingRedisCache

    FILTER_STATE_CACHE_CONFIG = _cache("filters", 90) | {"REFRESH_TIMEOUT_ON_RETRIEVAL": True}
    EXPLORE_FORM_DATA_CACHE_CONFIG = _cache("explore", 7) | {"REFRESH_TIMEOUT_ON_RETRIEVAL": True}
    _results = Redis.from_url(_IMPATIENT)
    RESULTS_BACKEND = ForgivingRedisCache(host=_results, key_prefix="lgs_results_", default_timeout=86_400)
    RATELIMIT_STORAGE_URI = _REDIS
    RATELIMIT_STORAGE_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 2}
    RATELIMIT_IN_MEMORY_FALLBACK_ENABLED = True
    RATELIMIT_SWALLOW_ERRORS = True

    # Only Superset's hook after a task reads this. It would close the session once more, outside of any application,
    # and log a traceback for each task (apache/superset#36892).
    CELERY_ALWAYS_EAGER = True

    class CELERY_CONFIG:
        """The worker runs SQL Lab's queries; beat prunes what would grow for ever."""

        broker_url = _REDIS
        result_backend = _REDIS
        imports = ("superset.sql_lab", "superset.tasks.scheduler", "superset.tasks.cache")
        worker_prefetch_multiplier = 1
        task_acks_late = True
        broker_connection_retry_on_startup = True
        broker_transport_options = {"visibility_timeout": 3600, "socket_connect_timeout": 1}  # noqa: RUF012
        task_publish_retry_policy = {"max_retries": 1, "interval_start": 0.2}  # noqa: RUF012
        result_backend_transport_options = {"retry_policy": {"max_retries": 1, "timeout": 2.0}}  # noqa: RUF012
        beat_schedule = {  # noqa: RUF012 - Celery reads a plain class attribute
            "reports.scheduler": {"task": "reports.scheduler", "schedule": crontab(minute="*", hour="*")},
            "reports.prune_log": {"task": "reports.prune_log", "schedule": crontab(minute=0, hour=0)},
            "prune_query": {
                "task": "prune_query",
                "schedule": crontab(minute=0, hour=1, day_of_month=1),
                "kwargs": {"retention_period_days": 180},
            },
            "prune_logs": {
                "task": "prune_logs",
                "schedule": crontab(minute=0, hour=2),
                "kwargs": {"retention_period_days": 180, "max_rows_per_run": 10_000},
            },
        }


# --- reports by e-mail: the worker's browser opens the site as the report's owner would
WEBDRIVER_BASEURL = os.environ.get("LGS_SUPERSET_URL") or f"http://127.0.0.1:{SUPERSET_WEBSERVER_PORT}/"
WEBDRIVER_BASEURL_USER_FRIENDLY = next(
    (url for name in ("LGS_PUBLIC_URL", "LGS_PUBLISHED_URL") if (url := os.environ.get(name))), WEBDRIVER_BASEURL
)
WEBDRIVER_AUTH_FUNC = sign_in
SCREENSHOT_PLAYWRIGHT_WAIT_EVENT = "networkidle"  # charts have their data; fixed waits are short on a busy machine
SCREENSHOT_PLAYWRIGHT_DEFAULT_TIMEOUT = 180_000  # milliseconds
WEBDRIVER_WINDOW = {"dashboard": (1600, 1000), "slice": (1200, 600), "pixel_density": 2}
# In one piece, the page is first made as high as the dashboard, and is blank while a busy machine redraws it
# (apache/superset#29326).
SCREENSHOT_TILED_CHART_THRESHOLD = 1
SCREENSHOT_TILED_VIEWPORT_HEIGHT = 1000
# It opens nothing but this site, in a container without rights of its own and without a large /dev/shm.
WEBDRIVER_OPTION_ARGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
SMTP_HOST = os.environ.get("LGS_SMTP_HOST", "")
SMTP_PORT = int(os.environ.get("LGS_SMTP_PORT") or 587)
SMTP_USER = os.environ.get("LGS_SMTP_USERNAME", "")
SMTP_PASSWORD = os.environ.get("LGS_SMTP_PASSWORD", "")
SMTP_STARTTLS = _one_of("LGS_SMTP_SECURITY", "starttls", "tls", "none") == "starttls"
SMTP_SSL = _one_of("LGS_SMTP_SECURITY", "starttls", "tls", "none") == "tls"
SMTP_SSL_SERVER_AUTH = True
SMTP_MAIL_FROM = os.environ.get("LGS_SMTP_FROM") or "lgs@localhost.localdomain"
EMAIL_REPORTS_SUBJECT_PREFIX = f"{_BRAND['name']}:"
EMAIL_REPORTS_CTA = "Open it in the browser"

# --- how it looks
APP_NAME = _BRAND["name"]
FAVICONS = [{"href": _image("favicon.svg", ""), "type": "image/svg+xml"}]
CURRENCIES = list(dict.fromkeys([_PROJECT.currency, "GBP", "EUR", "USD"]))
D3_FORMAT = _PROJECT.d3_format
D3_TIME_FORMAT = {"dateTime": "%e %B %Y, %H:%M", "date": "%e %b %Y", "time": "%H:%M"}
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {"id": "lgs", "label": _BRAND["name"], "description": "", "isDefault": True, "colors": _BRAND["series"]},
]
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {
        "id": "lgs_shades",
        "label": _BRAND["name"],
        "description": "",
        "isDiverging": False,
        "isDefault": True,
        "colors": _BRAND["shades"],
    },
]


def _theme(algorithm: str, *, primary: str, ink: str, selection: str) -> dict[str, object]:
    token: dict[str, object] = {
        "brandAppName": _BRAND["name"],
        "brandLogoAlt": _BRAND["name"],
        "brandLogoUrl": _image("logo.svg", ink),
        "brandLogoHref": "/",
        "brandLogoHeight": "32px",
        "brandLogoMargin": "8px 0",
        "brandIconMaxWidth": 37,
        "brandSpinnerUrl": None,
        "brandSpinnerSvg": None,
        "colorPrimary": primary,
        "colorLink": primary,
        "colorError": "#d43a3a",
        "colorWarning": "#e0a100",
        "colorSuccess": "#2f9e58",
        "colorInfo": "#3d7fbf",
        "colorEditorSelection": selection,
        "fontUrls": [],
        "fontFamily": _BRAND["fonts"],
        "fontFamilyCode": "'IBM Plex Mono', 'Courier New', monospace",
        "fontSizeXS": "8",
        "fontSizeXXL": "28",
        "fontWeightNormal": "400",
        "fontWeightLight": "300",
        "fontWeightStrong": "500",
        "fontWeightBold": "700",
        "transitionTiming": 0.3,
        "echartsOptionsOverrides": {"animation": False, "legend": {"selector": False}},
    }
    return {"token": token, "algorithm": algorithm}


THEME_DEFAULT = _theme("default", primary=_BRAND["primary"], ink="#2b2b33", selection="#fdeef2")
THEME_DARK = _theme("dark", primary=_BRAND["primary_dark"], ink="#f4f1ec", selection="#5f0c22")
ENABLE_UI_THEME_ADMINISTRATION = False
