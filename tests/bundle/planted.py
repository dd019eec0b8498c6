"""A capture with a planted secret in every place that holds one in real clusters.

Every value is made from a counter and a digest, so that none is a real secret and all differ.
"""

# ruff: noqa: E501 - long lines keep each planted secret beside its place

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote


@dataclass
class Planted:
    """The secrets by place, and the files of the capture."""

    secrets: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def new(self, place: str, prefix: str = "", length: int = 18, alphabet: str = "mixed") -> str:
        digest = hashlib.sha256(f"planted {place}".encode()).hexdigest()
        if alphabet == "mixed":
            body = base64.b64encode(digest.encode()).decode().replace("=", "")[4 : 4 + length]
        elif alphabet == "upper":
            body = base64.b32encode(digest.encode()).decode()[4 : 4 + length]
        else:
            body = (digest * 3)[:length]
        self.secrets[place] = prefix + body
        return prefix + body


def forms(secret: str) -> dict[str, str]:
    raw = secret.encode()
    core = base64.b64encode(raw).decode().rstrip("=")
    return {
        "plain": secret,
        "base64": core[: len(core) - 2],
        "base64 of user and password": base64.b64encode(b"app:" + raw).decode().rstrip("=")[6:-3],
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "url": quote(secret, safe=""),
    }


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def meta(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": "shop", **more}


def private_key(planted: Planted, place: str) -> str:
    lines = [planted.new(f"{place} line {number}", length=64, alphabet="mixed") for number in range(2)]
    return "-----BEGIN " + "RSA PRIVATE KEY-----\n" + "\n".join(lines) + "\n-----END " + "RSA PRIVATE KEY-----\n"


CERTIFICATE_DER = bytes.fromhex("3013300fa003020102020101300a06082a8648ce3d0403")
CERTIFICATE = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(bytes([0x30, len(CERTIFICATE_DER) - 2]) + CERTIFICATE_DER[2:]).decode()}\n-----END CERTIFICATE-----\n"


def jwt(planted: Planted, place: str) -> str:
    return planted.new(place, "eyJhbGciOiJIUzI1NiJ9.", 30) + "." + planted.new(f"{place} signature", length=24)


def plant() -> Planted:
    planted = Planted()
    new = planted.new
    secret_objects = [
        {
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": meta("app"),
            "data": {
                "DB_PASSWORD": encoded(new("secret data")),
                "username": encoded("shop_app"),
                "host": encoded("postgres.shop.svc"),
                "token": encoded(new("secret token") + "\n"),
                "settings.env": encoded(f"MODE=live\nSMTP_PASSWORD={new('file in secret')}\n"),
                "tls.key": encoded(private_key(planted, "key in secret")),
                "tls.crt": encoded(CERTIFICATE + private_key(planted, "key beside certificate")),
                "umlaut": encoded(new("odd characters", "pä&%/ ")),
            },
            "stringData": {"api": new("string data")},
        },
        {
            "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson", "metadata": meta("pull"),
            "data": {".dockerconfigjson": encoded(json.dumps({"auths": {"registry.shop": {
                "username": "robot", "password": new("registry password"),
                "auth": encoded("robot:" + new("registry auth"))}}}))},
        },
        {
            "apiVersion": "v1", "kind": "Secret", "type": "helm.sh/release.v1", "metadata": meta("sh.helm.release.v1.app.v1"),
            "data": {"release": encoded(new("helm release", length=60))},
        },
    ]  # fmt: skip
    applied = {"kind": "Secret", "stringData": {"password": new("last applied")}}
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": meta("api-5fdfd8f8d5-swpxt", annotations={
            "kubectl.kubernetes.io/last-applied-configuration": json.dumps(applied),
            "example.com/original": json.dumps({"env": [{"name": "API_TOKEN", "value": new("json annotation")}]}),
            "example.com/password": new("annotation"),
            "example.com/note": f"see https://ops:{new('url in annotation')}@wiki.shop/page",
            "checksum/secret": "9f9698063544c21841cc4ec9bd9a626bd39bdb52c6b97795cce5d0ef736c193a",
        }, managedFields=[{"manager": "kubectl", "operation": "Update", "time": "2026-11-24T07:36:30Z",
                           "fieldsV1": {"f:" + new("managed fields"): {}}}]),
        "spec": {
            "initContainers": [{"name": "wait", "image": "registry.shop/wait:1",
                                "command": ["sh", "-c", f"PGPASSWORD={new('script variable')} psql -h postgres -U shop_app"]}],
            "containers": [{
                "name": "api", "image": "registry.shop/api@sha256:9f9698063544c21841cc4ec9bd9a626bd39bdb52c6b97795cce5d0ef736c193a",
                "command": ["redis-cli", "-h", "redis", "-a", new("redis-cli -a")],
                "args": ["--db-password", new("flag and word"), f"--api-token={new('flag with value')}",
                         f"SECRET_KEY={new('assigned word')}", f"amqp://shop_app:{new('url in argument')}@rabbit:5672/"],
                "env": [
                    {"name": "DB_HOST", "value": "postgres"},
                    {"name": "DB_USER", "value": "shop_app"},
                    {"name": "DB_PASSWORD_FILE", "value": "/run/secrets/db"},
                    {"name": "DB_PASSWORD", "value": new("env password")},
                    {"name": "STRIPE", "value": new("env stripe", "sk_live_", 24)},
                    {"name": "AWS_ACCESS_KEY_ID", "value": new("env aws", "AKIA", 16, "upper")},
                    {"name": "AWS_SECRET_ACCESS_KEY", "value": new("env aws secret", length=40)},
                    {"name": "GITHUB", "value": new("env github", "ghp_", 36)},
                    {"name": "SLACK", "value": new("env slack", "xoxb-", 24)},
                    {"name": "GOOGLE", "value": new("env google", "AIza", 35)},
                    {"name": "SESSION_KEY", "value": new("env session key", length=32, alphabet="hex")},
                    {"name": "OPAQUE", "value": new("env random", length=44)},
                    {"name": "DATABASE_URL", "value": f"postgresql://shop_app:{new('env url')}@postgres:5432/shop"},
                    {"name": "REDIS_URL", "value": f"redis://:{new('env redis url')}@redis:6379/0"},
                    {"name": "SENTRY_DSN", "value": f"https://{new('sentry', length=32, alphabet='hex')}@sentry.shop/1"},
                    {"name": "CONNECTION", "value": f"host=postgres user=shop_app password={new('keyword dsn')} dbname=shop"},
                    {"name": "AZURE", "value": f"AccountName=shop;AccountKey={new('azure', length=40)};EndpointSuffix=core"},
                    {"name": "JWT", "value": jwt(planted, "env jwt")},
                    {"name": "EXPANDED", "value": "postgresql://$(DB_USER):$(DB_PASSWORD)@$(DB_HOST)/shop"},
                ],
                "readinessProbe": {"httpGet": {"path": "/health", "port": 8000, "httpHeaders": [
                    {"name": "Authorization", "value": "Bearer " + new("probe header")},
                    {"name": "Cookie", "value": "sid=" + new("probe cookie")}]}},
                "livenessProbe": {"exec": {"command": ["mysqladmin", "ping", "-p" + new("mysql -p")]}},
                "lifecycle": {"preStop": {"exec": {"command": [
                    "sh", "-c", f"curl -u ops:{new('curl -u')} http://edge/drain; sshpass -p {new('sshpass')} ssh ops@edge"]}}},
            }],
        },
        "status": {"phase": "Running", "containerStatuses": [{
            "name": "api", "restartCount": 3,
            "lastState": {"terminated": {"exitCode": 1, "message": f"login failed, password={new('termination message')}"}},
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": f"GET https://u:{new('waiting message')}@registry.shop"}},
        }]},
    }  # fmt: skip
    event = {
        "apiVersion": "v1", "kind": "Event", "metadata": meta("api.1"), "type": "Warning", "reason": "Unhealthy",
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "api-5fdfd8f8d5-swpxt"},
        "message": f"probe failed: Get http://probe:{new('event url')}@10.0.0.7:8000: token={new('event token')}",
        "lastTimestamp": "2026-11-24T07:36:30Z",
    }  # fmt: skip
    config = {
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("settings"),
        "data": {
            "DB_HOST": "postgres.shop.svc", "DB_PORT": "5432", "REDIS_PASSWORD": new("config key"),
            "ca.crt": CERTIFICATE,
            "app.ini": f"[db]\nhost = postgres\npassword = {new('ini file')}\nsigning_key: {new('ini key')}\n",
            "app.yaml": f"smtp:\n  host: mail\n  password: |\n    {new('yaml block')}\nenv:\n- name: API_TOKEN\n  value: {new('yaml pair')}\n",
            "app.properties": f"jdbc.url=jdbc:postgresql://postgres/shop?user=app&password={new('jdbc url')}\n",
            "app.json": json.dumps({"oauth": {"clientSecret": new("json file"), "tokens": [new("random in json", length=40)]}}),
            "redis.conf": f"port 6379\nrequirepass {new('requirepass')}\nuser app on >{new('redis acl')} ~* +@all\n",
            "nginx.conf": f"proxy_set_header Authorization \"Basic {encoded('ops:' + new('nginx header'))}\";\nproxy_pass http://api:8000;\n",
            "alertmanager.yml": f"slack_api_url: https://hooks.slack.com/services/T0/B0/{new('slack hook', length=24)}\nsmtp_auth_password: '{new('alertmanager')}'\n",
            "users.xml": f"<user><password>{new('xml')}</password></user>\n",
            "htpasswd": f"ops:$apr1$abcdefgh${new('htpasswd', length=22)}\n",
            ".pgpass": f"postgres:5432:shop:app:{new('pgpass')}\n",
            "pgbouncer.txt": f'"app" "{new("pgbouncer")}"\n',
            "id_rsa": private_key(planted, "key in config"),
        },
        "binaryData": {"keystore.jks": encoded(new("binary data", length=60))},
    }  # fmt: skip
    custom = {
        "apiVersion": "shop.example.com/v1", "kind": "Gateway", "metadata": meta("gate"),
        "spec": {"auth": {"clientSecret": new("custom resource"), "pin": 1234}, "password": new("custom password")},
    }  # fmt: skip
    cronjob = {
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": meta("dump"),
        "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [
            {"name": "dump", "image": "i", "env": [{"name": "PGPASSWORD", "value": new("cronjob env")}]}]}}}}},
    }  # fmt: skip
    for name, objects in {
        "secrets": secret_objects, "pods": [pod], "events": [event], "configmaps": [config], "cronjobs": [cronjob],
        "gateways": [custom],
    }.items():  # fmt: skip
        planted.files[f"kubectl/{name}.json"] = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    planted.files["logs/shop/api-5fdfd8f8d5-swpxt/api.log"] = log_of(planted)
    return planted


def log_of(planted: Planted) -> str:
    new = planted.new
    known = planted.secrets
    key = private_key(planted, "key in log").splitlines()
    lines = [
        f"ERROR could not connect to postgresql://shop_app:{new('log url')}@postgres:5432/shop",
        f"WARNING password={new('log assignment')} rejected for user shop_app",
        f'{{"level":"error","msg":"refused","api_key":"{new("log json")}"}}',
        f"Authorization: Bearer {new('log bearer')}",
        f"Cookie: sid={new('log cookie')}; theme=dark",
        f"STATEMENT:  ALTER ROLE shop_app PASSWORD '{new('alter role')}'",
        f"\tVALID UNTIL '{new('statement tail')}'",
        f"CREATE USER ops IDENTIFIED BY '{new('identified by')}'",
        f"[SQL: SELECT * FROM customers WHERE iban = '{new('sql literal')}']",
        f"[parameters: {{'iban': '{new('sql parameter')}'}}]",
        f"token is {jwt(planted, 'log jwt')}",
        f"redis: AUTH failed, config requirepass {new('log requirepass')}",
        *key,
        f"got {known['secret data']} from the secret",
        f"got {encoded(known['secret token'])} in base64",
        f"got {known['env password'].encode().hex()} in hex",
        f"got {quote(known['odd characters'], safe='')} in a URL",
        f"basic {encoded('app:' + known['string data'])} again",
        'FATAL:  password authentication failed for user "shop_app"',
        "ERROR MountVolume.SetUp failed: secret \"app\" not found",
        "WARNING invalid token: unexpected end of input",
    ]  # fmt: skip
    return "".join(f"2026-11-24T07:36:{second:02d}.000000Z {line}\n" for second, line in enumerate(lines))


def write(planted: Planted, folder: Path) -> Path:
    for name, content in planted.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return folder
