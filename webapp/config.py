"""The environment, read once into one frozen `Config`; every fault is reported at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.fernet import Fernet

GLOBAL_AUTHORITY = "https://login.microsoftonline.com"
GLOBAL_GRAPH = "https://graph.microsoft.com/v1.0"
DATABASES = ("postgresql://", "postgresql+psycopg://", "postgres://", "sqlite:///")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


class ConfigError(Exception):
    """The environment cannot be used; `faults` lists everything that is wrong, one sentence each."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("The configuration cannot be used:\n- " + "\n- ".join(faults))


@dataclass(frozen=True)
class Config:
    """What the environment decides (see the table in the README)."""

    secret_key: str
    secret_encryption_keys: tuple[str, ...]
    data_dir: Path
    database_url: str
    redis_url: str
    public_url: str | None
    product_name: str
    entra_authority: str
    graph_base_url: str
    poll_seconds: int
    log_level: str
    web_concurrency: int
    worker_processes: int
    shows_parts: bool
    """The page of all components in all states, for those who develop them."""

    @property
    def graph_scope(self) -> str:
        """The scope a token is asked for: origin of Graph + `/.default`."""
        parts = urlsplit(self.graph_base_url)
        return f"{parts.scheme}://{parts.netloc}/.default"

    @property
    def serves_https(self) -> bool:
        """Whether people reach the panel over https, so that cookies may be kept to https."""
        return bool(self.public_url and self.public_url.startswith("https://"))


class _Reader:
    """Reads typed values and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or default

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        raw = self.text(name, str(default))
        if raw.isdecimal() and low <= int(raw) <= high:
            return int(raw)
        self.faults.append(f"{name} must be a whole number from {low} to {high}, not {raw!r}.")
        return default

    def checked(self, name: str, default: str, is_good: Callable[[str], bool], must: str) -> str:
        value = self.text(name, default)
        if not is_good(value):
            self.faults.append(f"{name} must be {must}.")
        return value

    def keys(self, name: str) -> tuple[str, ...]:
        keys = tuple(part.strip() for part in self.text(name, "").split(",") if part.strip())
        for position, key in enumerate(keys, 1):
            try:
                Fernet(key)
            except ValueError:
                self.faults.append(f"{name}: key {position} is not a Fernet key (32 bytes, URL-safe base64).")
        if not keys:
            self.faults.append(f"{name} is missing. Make one with script/new-key.")
        return keys


def _is_https_origin(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme == "https" and bool(parts.netloc) and parts.path in ("", "/") and "@" not in parts.netloc


def _is_https_base(value: str) -> bool:
    parts = urlsplit(value)
    return parts.scheme == "https" and bool(parts.netloc) and bool(parts.path.strip("/")) and "@" not in parts.netloc


def _is_web_origin(value: str) -> bool:
    parts = urlsplit(value)
    return not value or (parts.scheme in ("http", "https") and bool(parts.netloc))


def sqlalchemy_url(url: str) -> str:
    """The same database in SQLAlchemy's spelling; hosts hand out `postgres://`, which it refuses."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url[len(prefix) :]
    return url


def _in_folder(url: str, folder: Path) -> str:
    """An SQLite file that is named without its folder lies in that of the data, wherever a process was started."""
    kind, name = url[: len("sqlite:///")], url[len("sqlite:///") :]
    if kind != "sqlite:///" or name.startswith(("/", ":memory:", "file:")):
        return url
    return f"{kind}{folder / name}"


def load_config(environ: Mapping[str, str]) -> Config:
    """Read and check the environment; raises `ConfigError` with all faults together."""
    read = _Reader(environ)
    data_dir = Path(read.text("DATA_DIR", ".data")).absolute()
    secret_key = read.text("SECRET_KEY", "")
    if len(secret_key) < 16:
        read.faults.append("SECRET_KEY is missing or shorter than 16 characters.")
    public_url = read.checked("PUBLIC_URL", "", _is_web_origin, "an address such as https://rooms.example.com")
    config = Config(
        secret_key=secret_key,
        secret_encryption_keys=read.keys("SECRET_ENCRYPTION_KEYS"),
        data_dir=data_dir,
        database_url=_in_folder(
            sqlalchemy_url(
                read.checked(
                    "DATABASE_URL",
                    "sqlite:///app.db",
                    lambda value: value.startswith(DATABASES),
                    "an address that starts with postgresql://, postgres:// or sqlite:///",
                )
            ),
            data_dir,
        ),
        redis_url=read.checked(
            "REDIS_URL",
            "redis://127.0.0.1:6379/0",
            lambda value: value.startswith(("redis://", "rediss://", "unix://")),
            "an address that starts with redis://, rediss:// or unix://",
        ),
        public_url=public_url or None,
        product_name=read.text("PRODUCT_NAME", "Maptician"),
        entra_authority=read.checked(
            "ENTRA_AUTHORITY", GLOBAL_AUTHORITY, _is_https_origin, "an https origin without a path"
        ).rstrip("/"),
        graph_base_url=read.checked(
            "GRAPH_BASE_URL",
            GLOBAL_GRAPH,
            _is_https_base,
            "an https address with the version, such as …/v1.0",
        ).rstrip("/"),
        poll_seconds=read.whole("SYNC_POLL_SECONDS", 60, 5, 3600),
        log_level=read.checked("LOG_LEVEL", "INFO", LOG_LEVELS.__contains__, "one of " + ", ".join(LOG_LEVELS)),
        web_concurrency=read.whole("WEB_CONCURRENCY", 2, 1, 64),
        worker_processes=read.whole("WORKER_PROCESSES", 1, 1, 64),
        shows_parts=bool(read.whole("SHOW_PARTS", 0, 0, 1)),
    )
    if read.faults:
        raise ConfigError(read.faults)
    return config
