"""What the environment says, read once. Every problem is named at once."""

import os

LEVELS = ("debug", "info", "warn", "error")
NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
SERVICES = (
    "SUBSCRIPTION_MANAGER_ADDRESS",
    "EPHEMERAL_STORAGE_ADDRESS",
    "PERSISTENT_STORAGE_ADDRESS",
    "FUSION_FETCH_PROXY_ADDRESS",
    "EVM_RPC_ADDRESS",
    "SOLANA_RPC_ADDRESS",
    "SUI_RPC_ADDRESS",
)


class InvalidConfiguration(Exception):
    def __init__(self, problems):
        super().__init__("; ".join(problems))
        self.problems = problems


class Services:
    """The addresses of the Notifi services: `subscription_manager`, `evm_rpc` …; None where none is given."""

    def __init__(self, environment):
        for variable in SERVICES:
            setattr(self, variable.removesuffix("_ADDRESS").lower(), environment.get(variable) or None)
        self.grpc_insecure = environment.get("GRPC_INSECURE") in ("true", "1")


class Config:
    def __init__(self, environment):
        self._environment = environment
        self._problems = []
        self.tenant = self._name("FUNCTION_TENANT")
        self.timeout = self._seconds("TIMEOUT_SECONDS", 60, 0.001, "must be a number of seconds above 0")
        self.name = self._name("FUNCTION_NAME")
        self.port = self._count("PORT", 8080, 0, 65535, "must be a port: 0 to 65535")
        self.host = environment.get("HOST", "0.0.0.0")
        if not self.host:
            self._problems.append("HOST must not be empty")
        self.body_limit = self._count("BODY_LIMIT_BYTES", 10485760, 1, 2**31 - 1, "must be a number of bytes above 0")
        self.drain = self._seconds("DRAIN_SECONDS", 30, 0, "must be a number of seconds")
        self.log_level = environment.get("LOG_LEVEL", "info")
        if self.log_level not in LEVELS:
            self._problems.append(f"LOG_LEVEL must be one of {', '.join(LEVELS)}")
        self.scheduler_url = environment.get("SCHEDULER_URL") or None
        if self.scheduler_url and not _is_http_url(self.scheduler_url):
            self._problems.append("SCHEDULER_URL must be an http or https URL")
        self.signing_key = environment.get("SCHEDULER_SIGNING_KEY") or None
        self.services = Services(environment)
        if self._problems:
            raise InvalidConfiguration(self._problems)

    def _count(self, variable, default, smallest, largest, rule):
        text = self._environment.get(variable)
        if text is None:
            return default
        if not _is_digits(text) or len(text) > 10 or not smallest <= int(text) <= largest:
            self._problems.append(f"{variable} {rule}")
            return default
        return int(text)

    def _seconds(self, variable, default, smallest, rule):
        text = self._environment.get(variable)
        if text is None:
            return default
        whole, point, fraction = text.partition(".")
        if not _is_digits(whole) or len(whole) > 6 or (point and not _is_digits(fraction)) or float(text) < smallest:
            self._problems.append(f"{variable} {rule}")
            return default
        return float(text)

    def _name(self, variable):
        text = self._environment.get(variable, "")
        rest = text.lstrip(NAME_CHARACTERS)
        if not text or len(text) > 100 or text[0] not in NAME_CHARACTERS or rest.strip(NAME_CHARACTERS + "_-"):
            self._problems.append(f"{variable} must be letters, digits, _ and -, at most 100, and begin with a letter or a digit")
        return text


def _is_http_url(text):
    from urllib.parse import unquote, urlsplit  # takes longer to import than all of this, and is seldom asked for

    try:
        parts = urlsplit(text)
        _ = parts.port
        for escaped in parts.netloc.split("%")[1:]:
            bytes.fromhex(escaped[:2].ljust(2, "-"))
        unquote(parts.netloc, errors="strict")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and text.isprintable() and " " not in text


def _is_digits(text):
    return text.isascii() and text.isdigit()


def read():
    """:raises InvalidConfiguration:"""
    config = Config(os.environ)
    # The function has no business with the key that proves who it is.
    os.environ.pop("SCHEDULER_SIGNING_KEY", None)
    return config
