"""Services, Ingresses, addresses that clients name, and the servers behind them."""

from __future__ import annotations

import pytest
from kubernetes_objects import (
    Object,
    about,
    base,
    container,
    deployment,
    endpoint_slice,
    meta,
    node,
    one,
    pod,
    relation,
    replica_set,
    service,
    template,
)

from dotmac_diagnose.extract.kubernetes.nginx_configuration import read_configuration
from dotmac_diagnose.facts import FactBase
from dotmac_diagnose.facts import kubernetes as kinds

API, SERVICE = "deployment/shop/api", "service/shop/api"


def labelled(name: str, **labels: str) -> Object:
    return deployment(name, template(labels))


@pytest.mark.parametrize(
    ("selector", "workloads", "near", "difference"),
    [
        ({"app": "apii"}, [labelled("api", app="api")], API, "app: apii -> api"),
        ({"app": "shop-api"}, [labelled("api", app="api-shop")], API, "app: shop-api -> api-shop"),
        ({"app": "api", "tier": "back"}, [labelled("api", app="api", tier="web")], API, "tier: back -> web"),
        (
            {"name": "api"},
            [labelled("api", **{"app.kubernetes.io/name": "api"})],
            API,
            "name=api -> app.kubernetes.io/name=api",
        ),
        ({"app": "x1"}, [labelled("x2", app="x2"), labelled("x3", app="x3")], None, None),
        ({"app": "frontend"}, [labelled("db", app="database")], None, None),
        ({"app": "a", "tier": "b"}, [labelled("db", app="c", tier="d")], None, None),
    ],
)
def test_near_misses_of_a_selector(
    selector: dict[str, str], workloads: list[Object], near: str | None, difference: str | None
):
    found = base(services=[service(selector=selector)], deployments=workloads, statefulsets=[], pods=[])
    values = one(found, kinds.Service, SERVICE)
    assert (values.near_workload, values.near_difference) == (near, difference)
    assert (values.matching_workloads, values.matching_pods) == (0, 0)


def test_the_repaired_selector_is_json():
    found = base(
        services=[service(selector={"app": "apii", "tier": "x"})], deployments=[labelled("api", app="api", tier="x")]
    )
    assert one(found, kinds.Service, SERVICE).near_selector == '{"app": "api", "tier": "x"}'


def test_what_a_service_reaches():
    pods = [pod(), pod("api-6f7dd4c94b-done1", phase="Succeeded")]
    found = base(
        services=[service()],
        pods=pods,
        replicasets=[replica_set()],
        deployments=[deployment()],
        endpointslices=[
            endpoint_slice("api", "10.0.0.1", "10.0.0.2"),
            endpoint_slice("api", "10.0.0.3", ready=False)
            | {"metadata": meta("api-x2", labels={"kubernetes.io/service-name": "api"})},
        ],
    )
    values = one(found, kinds.Service, SERVICE)
    assert (values.ready_endpoints, values.unready_endpoints, values.matching_pods) == (2, 1, 1)
    assert values.near_workload is None
    assert relation(found, "selects") == {(SERVICE, API), (SERVICE, "pod/shop/api-6f7dd4c94b-abcde")}


def test_old_endpoints_serve_where_slices_were_not_read():
    endpoints = {
        "metadata": meta("api"),
        "subsets": [
            {
                "addresses": [{"ip": "10.0.0.1"}],
                "notReadyAddresses": [{"ip": "10.0.0.2"}],
                "ports": [{"name": "http", "port": 1}],
            }
        ],
    }
    values = one(base(services=[service()], endpoints=[endpoints]), kinds.Service, SERVICE)
    assert (values.ready_endpoints, values.unready_endpoints) == (1, 1)
    assert one(base(services=[service()]), kinds.Service, SERVICE).ready_endpoints is None
    assert one(base(services=[service()], endpointslices=[]), kinds.Service, SERVICE).ready_endpoints == 0


def test_a_missing_ready_condition_means_ready():
    item = endpoint_slice("api", "10.0.0.1")
    item["endpoints"][0]["conditions"] = {}
    assert one(base(services=[service()], endpointslices=[item]), kinds.Service, SERVICE).ready_endpoints == 1


def test_scaled_to_zero_and_load_balancers():
    found = base(services=[service(type="LoadBalancer")], deployments=[deployment(replicas=0)])
    values = one(found, kinds.Service, SERVICE)
    assert values.matching_scaled_to_zero
    assert values.load_balancer_pending_seconds == 86400


def test_local_traffic_needs_an_endpoint_on_each_node():
    local = service(internalTrafficPolicy="Local")
    pods = [pod(), pod("client", parent=None, labels={}, spec={"nodeName": "node-2"})]
    found = base(
        services=[local], pods=pods, nodes=[node(), node("node-2")], endpointslices=[endpoint_slice("api", "10.0.0.1")]
    )
    assert one(found, kinds.Service, SERVICE).nodes_without_endpoint == 1


PORTS = [{"name": "http", "containerPort": 8080}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}]


@pytest.mark.parametrize(
    ("port", "fields"),
    [
        (
            {"port": 80, "targetPort": "http"},
            {"target_is_name": True, "name_declared": True, "protocol_declared": True},
        ),
        ({"port": 80, "targetPort": "htp"}, {"name_declared": False, "suggestion": "http"}),
        ({"port": 80, "targetPort": 8080}, {"target_is_name": False, "number_declared": True}),
        ({"port": 80, "targetPort": 9090}, {"number_declared": False, "suggestion": "8080"}),
        ({"port": 8080}, {"target_port": "8080", "number_declared": True}),
        ({"port": 53, "targetPort": 53}, {"number_declared": True, "protocol_declared": False}),
    ],
)
def test_ports_against_the_selected_pods(port: Object, fields: dict[str, object]):
    found = base(
        services=[service(ports=[port])],
        deployments=[deployment(pods=template({"app": "api"}, container(ports=PORTS)))],
    )
    assert one(found, kinds.ServicePort, SERVICE, **fields)


def test_undeclared_ports_prove_nothing_but_names_do():
    ports = [{"name": "a", "port": 80, "targetPort": 8080}, {"name": "b", "port": 81, "targetPort": "http"}]
    found = base(services=[service(ports=ports)], deployments=[deployment()])
    assert one(found, kinds.ServicePort, SERVICE, port=80).number_declared is None
    assert one(found, kinds.ServicePort, SERVICE, port=81).name_declared is False
    found = base(services=[service(ports=ports, selector={"app": "none"})], deployments=[deployment()])
    assert one(found, kinds.ServicePort, SERVICE, port=81).name_declared is None


def ingress(backend: Object, **spec: object) -> Object:
    rules = [{"host": "Shop.Example", "http": {"paths": [{"path": "/", "backend": backend}]}}]
    tls = [{"hosts": ["shop.example"], "secretName": "shop-tls"}]
    return {"metadata": meta("front"), "spec": {"rules": rules, "tls": tls, **spec}, "status": {}}


def test_ingress_backends():
    backend = {"service": {"name": "apii", "port": {"name": "http"}}}
    found = base(
        ingresses=[ingress(backend, ingressClassName="nginx")], services=[service()], ingressclasses=[], secrets=[]
    )
    values = one(found, kinds.IngressBackend, "ingress/shop/front")
    assert (values.host, values.service_exists, values.suggestion) == ("shop.example", False, "api")
    assert (values.ingress_class, values.class_exists) == ("nginx", False)
    assert (values.tls_secret, values.tls_secret_exists, values.has_address) == ("shop-tls", False, False)


@pytest.mark.parametrize(
    ("backend", "exists", "suggestion"),
    [
        ({"service": {"name": "api", "port": {"number": 80}}}, True, None),
        ({"service": {"name": "api", "port": {"number": 8000}}}, False, "80"),
        ({"service": {"name": "api", "port": {"name": "htttp"}}}, False, "http"),
        ({"serviceName": "api", "servicePort": 80}, True, None),
    ],
)
def test_ingress_ports(backend: Object, exists: bool, suggestion: str | None):
    found = base(ingresses=[ingress(backend)], services=[service()])
    values = one(found, kinds.IngressBackend, "ingress/shop/front")
    assert (values.port_exists, values.suggestion) == (exists, suggestion)
    assert values.class_exists is None
    assert values.tls_secret_exists is None


def test_ingress_routes():
    backend = {"service": {"name": "api", "port": {"number": 80}}}
    found = base(ingresses=[ingress(backend)], services=[service()], deployments=[deployment()])
    assert relation(found, "routes_to") == {("ingress/shop/front", SERVICE)}
    assert relation(found, "fronted_by") == {("endpoint/shop.example", "ingress/shop/front")}
    assert relation(found, "backed_by") == {("endpoint/shop.example", SERVICE), ("endpoint/shop.example", API)}
    assert relation(found, "served_by") == {("certificate/shop/shop-tls", "endpoint/shop.example")}


def client(*env: Object, **more: object) -> FactBase:
    """Return the facts of a client beside a PostgreSQL and a Redis."""
    spec = container(
        env=list(env), **{key: more.pop(key) for key in ("command", "args", "envFrom", "volumeMounts") if key in more}
    )
    lists: dict[str, list[Object]] = {
        "deployments": [
            deployment(pods=template({"app": "api"}, spec, volumes=more.pop("volumes", []))),
            deployment("cache", template({"app": "cache"}, container(image="docker.io/bitnami/redis:7"))),
        ],
        "statefulsets": [
            {
                "metadata": meta("db"),
                "spec": {"replicas": 1, "template": template({"app": "db"}, container(image="postgres:16"))},
            }
        ],
        "services": [
            service("postgres", {"app": "db"}, [{"port": 5432}]),
            service("redis", {"app": "cache"}, [{"port": 6379}]),
            service("redis", {"app": "x"}, [{"port": 6379}], namespace="other"),
        ],
        "namespaces": [{"metadata": meta("shop", "")}, {"metadata": meta("other", "")}],
        "pods": [pod()],
        "replicasets": [replica_set()],
    }
    return base(**(lists | more))  # type: ignore[arg-type]


def variable(name: str, value: str) -> Object:
    return {"name": name, "value": value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql+psycopg://u:<redacted>@postgres:5432/x"),
        ("DATABASE_URL", "postgres://u:p%40ss@postgres.shop.svc.cluster.local/x?sslmode=disable"),
        ("DB_HOST", "postgres"),
        ("DB_HOST", "Postgres.Shop.svc."),
        ("PGHOST", "postgres.shop"),
        ("PG_ADDR", "postgres:5432"),
        ("DSN", "host=postgres port=5432 user=x dbname=y"),
        ("ANYTHING", "postgres.shop.svc:5432"),
        ("dbHost", "postgres"),
    ],
)
def test_addresses_of_a_server(name: str, value: str):
    found = client(variable(name, value))
    assert {(API, "postgres/postgres"), (API, "service/shop/postgres")} <= relation(found, "uses")
    values = one(found, kinds.Dependency, API)
    assert (values.service, values.service_exists, values.engine) == ("service/shop/postgres", True, "postgres")
    assert values.port_exists is not False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_USER", "postgres"),
        ("DB_NAME", "redis"),
        ("LISTEN_HOST", "redis"),
        ("DB_HOST", "localhost"),
        ("DB_HOST", "127.0.0.1"),
        ("HOSTNAME", "redis"),
    ],
)
def test_what_is_no_address(name: str, value: str):
    found = client(variable(name, value))
    assert not about(found, kinds.Dependency, API)


@pytest.mark.parametrize(
    ("host", "suggestion"),
    [("redsi", "redis"), ("redis-master", "redis"), ("postgres.shp.svc", None), ("mysql", None)],
)
def test_hosts_that_name_no_service(host: str, suggestion: str | None):
    found = client(variable("CACHE_HOST", host), variable("CACHE_PORT", "6379"))
    values = one(found, kinds.Dependency, API)
    assert (values.host, values.port, values.service_exists, values.external) == (host, 6379, False, False)
    if suggestion:
        assert values.suggestion == suggestion
    assert not [target for source, target in relation(found, "uses") if source == API and target.startswith("redis/")]


@pytest.mark.parametrize(
    ("host", "port"), [("DB_HOST", "DB_PORT"), ("PGHOST", "PGPORT"), ("dbHost", "dbPort"), ("db.host", "db.port")]
)
def test_ports_of_their_own_variable(host: str, port: str):
    values = one(client(variable(host, "postgres"), variable(port, "5433")), kinds.Dependency, API)
    assert (values.port, values.port_exists) == (5433, False)


def test_the_same_name_in_another_namespace_is_suggested():
    found = client(variable("SEARCH_URL", "http://search:9200"), services=[service("search", namespace="other")])
    assert one(found, kinds.Dependency, API).suggestion == "search.other"


def test_wrong_ports_are_seen():
    values = one(client(variable("REDIS_URL", "redis://redis:6380/0")), kinds.Dependency, API)
    assert (values.port, values.port_exists, values.service_ports) == (6380, False, "6379")


def test_the_place_where_an_address_is_written_counts():
    settings = {"metadata": meta("settings"), "data": {"DB_HOST": "postgres", "DB_PORT": "5432"}}
    found = client(
        variable("DATABASE_URL", "postgresql://u:$(DB_PASSWORD)@$(DB_HOST):$(DB_PORT)/x"),
        envFrom=[{"configMapRef": {"name": "settings"}}],
        configmaps=[settings],
    )
    values = one(found, kinds.Dependency, API)
    assert (values.variable, values.source, values.port) == ("DB_HOST", "ConfigMap/settings", 5432)


def test_mounted_files_and_arguments_name_addresses():
    files = {
        "metadata": meta("files"),
        "data": {"app.yaml": "db:\n  host: postgres\n  docs: https://example.com/manual\n"},
    }
    found = client(
        args=["--cache", "redis://redis:6379/1"],
        volumes=[{"name": "f", "configMap": {"name": "files"}}],
        configmaps=[files],
    )
    assert {item.host for item in about(found, kinds.Dependency, API)} == {"postgres", "redis"}
    assert one(found, kinds.Dependency, API, host="postgres").source == "ConfigMap/files"
    assert one(found, kinds.Dependency, API, host="redis").source == "args"


def test_outside_hosts():
    found = client(
        variable("DATABASE_URL", "postgres://u@db.example.com:6543/x"),
        variable("PAYMENT_URL", "https://api.payment.example/v1"),
        variable("REDIS_HOST", "cache.example.com"),
    )
    assert {target for source, target in relation(found, "uses") if source == API} == {
        "postgres/db.example.com:6543",
        "external_api/api.payment.example",
        "redis/cache.example.com",
        "resolver/coredns",
    }
    assert all(item.external for item in about(found, kinds.Dependency, API))


def test_cluster_addresses_name_their_service():
    services = [service("postgres", {"app": "db"}, [{"port": 5432}], clusterIP="10.96.0.7")]
    found = client(variable("DB_HOST", "10.96.0.7"), services=services)
    assert (API, "postgres/postgres") in relation(found, "uses")


def test_values_of_secrets_are_not_needed():
    env = {"name": "DB_HOST", "valueFrom": {"secretKeyRef": {"name": "s", "key": "host"}}}
    assert not about(client(env), kinds.Dependency, API)


@pytest.mark.parametrize(
    ("given", "server"),
    [
        (container(image="registry.lab/platform:1", command=["redis-server", "/etc/redis.conf"]), "redis/data"),
        (
            container(image="registry.lab/platform:1", command=["sh", "-c", "exec /usr/bin/redis-server --port 6379"]),
            "redis/data",
        ),
        (container(image="registry.lab/platform:1", command=["/usr/local/bin/postgres-start"]), "postgres/data"),
        (container(image="registry.lab/platform:1", ports=[{"containerPort": 5432}]), "postgres/data"),
        (container(image="valkey/valkey:8-alpine"), "redis/data"),
        (container(image="edoburu/pgbouncer:1.22"), "pgbouncer/data:5432"),
        (container(image="prom/prometheus:v2", args=["--config.file=x"]), "prometheus/data:5432"),
        (container(image="grafana/grafana:11"), "grafana/data:5432"),
        (container(image="oliver006/redis_exporter:1"), None),
        (container(image="prometheuscommunity/postgres-exporter:1"), None),
        (container(image="postgres:16", command=["pg_dump"]), None),
        (container(image="registry.lab/platform:1", command=["python3", "-m", "redis_worker"]), None),
    ],
)
def test_servers_are_known_by_command_image_or_port(given: Object, server: str | None):
    ports = [{"port": 6379 if server and server.startswith("redis") else 5432}]
    found = base(
        deployments=[deployment("data", template({"app": "data"}, given))], services=[service("data", ports=ports)]
    )
    assert {target for _, target in relation(found, "runs")} == ({server} if server else set())


def test_names_of_servers_in_two_namespaces():
    workloads, services = [], []
    for namespace in ("alpha", "beta"):
        item = deployment("redis", template({"app": "redis"}, container(image="redis:7")))
        item["metadata"]["namespace"] = namespace
        workloads.append(item)
        services.append(service("redis", ports=[{"port": 6379}], namespace=namespace))
    found = base(deployments=workloads, services=services)
    assert relation(found, "runs") == {
        ("deployment/alpha/redis", "redis/redis"),
        ("deployment/beta/redis", "redis/redis.beta"),
    }


def test_a_server_without_service_and_the_best_of_several():
    given = deployment("cache", template({"app": "cache"}, container(image="redis:7")))
    assert {target for _, target in relation(base(deployments=[given], services=[]), "runs")} == {"redis/cache"}
    services = [
        service("cache-headless", {"app": "cache"}, [{"port": 6379}], clusterIP="None"),
        service("cache-metrics", {"app": "cache"}, [{"port": 9121}]),
        service("cache-master", {"app": "cache"}, [{"port": 6379}]),
    ]
    assert {target for _, target in relation(base(deployments=[given], services=services), "runs")} == {
        "redis/cache-master"
    }


def test_names_through_the_clusters_dns():
    dns = deployment("coredns", template({"k8s-app": "kube-dns"}, dnsPolicy="Default"))
    dns["metadata"]["namespace"] = "kube-system"
    own = deployment("own", template({"app": "own"}, hostNetwork=True))
    found = base(deployments=[dns, own, deployment()])
    assert relation(found, "uses") == {(API, "resolver/coredns")}
    assert ("deployment/kube-system/coredns", "resolver/coredns") in relation(found, "runs")


NGINX = """
http {
  # upstream old { server gone:1; }
  upstream api { server api.shop.svc.cluster.local:8000 max_fails=0; server api-b:8001 backup; }
  server {
    listen 443 ssl;
    server_name Shop.Example _ *.wild.example ~^x;
    ssl_certificate /etc/tls/tls.crt;
    set $target http://portal:9000;
    location / { proxy_pass http://api; }
    location /p { proxy_pass $target; }
    location /q { proxy_pass https://outside.example/base/; }
    location /s { proxy_pass http://unix:/run/x.sock; }
  }
}
"""


def test_nginx_configuration():
    found = read_configuration(NGINX)
    assert found.backends == (
        ("api-b", 8001),
        ("api.shop.svc.cluster.local", 8000),
        ("outside.example", None),
        ("portal", 9000),
    )
    assert found.server_names == ("shop.example",)
    assert found.certificates == ("/etc/tls/tls.crt",)


def test_nginx_reads_hostile_text_in_linear_time():
    for junk in ("upstream " * 20_000, "server_name " + "a" * 200_000, "proxy_pass " + "x" * 200_000, "{" * 100_000):
        read_configuration(junk)


def test_nginx_routes_and_its_certificate():
    spec = container(
        image="nginx:1",
        volumeMounts=[{"name": "tls", "mountPath": "/etc/tls"}, {"name": "conf", "mountPath": "/etc/nginx"}],
    )
    volumes = [{"name": "tls", "secret": {"secretName": "shop-tls"}}, {"name": "conf", "configMap": {"name": "conf"}}]
    found = base(
        deployments=[deployment("edge", template({"app": "edge"}, spec, volumes=volumes)), deployment()],
        services=[service("edge", ports=[{"port": 443}]), service(ports=[{"port": 8000}])],
        configmaps=[{"metadata": meta("conf"), "data": {"nginx.conf": NGINX}}],
    )
    assert relation(found, "routes_to") == {("nginx/edge", SERVICE), ("nginx/edge", API)}
    assert relation(found, "fronted_by") == {("endpoint/shop.example", "nginx/edge")}
    assert relation(found, "served_by") == {("certificate/shop/shop-tls", "endpoint/shop.example")}
    assert ("deployment/shop/edge", SERVICE) in relation(found, "uses")
