#!/usr/bin/env bash
# Applies the stack to the cluster of KUBECONFIG and waits until all of it is ready.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
state=${DOTMAC_CLUSTER_STATE:-/var/tmp/dotmac-cluster}
volume=$state/n1/pv/postgres
tls=$state/tls
namespace=dotmac-production
apply() { kubectl apply -f - >/dev/null; }

mkdir -p "$volume" "$tls"
mountpoint -q "$volume" || mount -t tmpfs -o size=200m,mode=0755 dotmac-postgres "$volume"
if [ ! -s "$tls/edge.crt" ]; then
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=DotMac Lab CA" -keyout "$tls/ca.key" -out "$tls/ca.crt" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -subj "/CN=edge" -keyout "$tls/edge.key" -out "$tls/edge.csr" 2>/dev/null
    openssl x509 -req -in "$tls/edge.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -CAcreateserial -days 300 -out "$tls/edge.crt" \
        -extfile <(echo "subjectAltName=DNS:edge,DNS:isp.lab,DNS:edge.$namespace.svc.cluster.local") 2>/dev/null
fi
sed "s|STATE|$state|" "$here/stack/data.yaml" | apply
kubectl -n $namespace create secret tls dotmac-tls --cert "$tls/edge.crt" --key "$tls/edge.key" --dry-run=client -o yaml | apply
kubectl -n $namespace create configmap dotmac-ca --from-file=ca.crt="$tls/ca.crt" --dry-run=client -o yaml | apply
kubectl apply -f "$here/stack/app.yaml" -f "$here/stack/edge.yaml" >/dev/null
for workload in statefulset/postgres deployment/{redis,dotmac-api,dotmac-portal,dotmac-worker,edge,loadgen}; do
    kubectl -n $namespace rollout status $workload --timeout 180s >/dev/null
done
