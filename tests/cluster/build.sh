#!/usr/bin/env bash
# build.sh: makes what cluster.sh needs, once, in $DOTMAC_CLUSTER_CACHE (default .cache/cluster of the checkout).
# Kubernetes, CoreDNS and metrics-server come from Go modules; etcd, containerd, runc and the CNI plugins from Debian.
# About 10 minutes on 2 cores the first time, seconds after. Needs root and Go 1.24 or newer.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${DOTMAC_CLUSTER_CACHE:-$here/../../.cache/cluster}
mkdir -p "$cache"/{src,bin,images}
cache=$(cd "$cache" && pwd)
version=1.34.4
export CGO_ENABLED=0 GOBIN=$cache/bin GOFLAGS=-buildvcs=false

packages() {
    for tool in etcd containerd runc ctr busybox debootstrap iptables conntrack kubectl; do
        command -v "$tool" >/dev/null && continue
        command -v kubectl >/dev/null && client= || client=kubernetes-client
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends etcd-server containerd runc \
            containernetworking-plugins busybox-static debootstrap iptables conntrack iproute2 openssl gcc libc6-dev patch $client >/dev/null
        return
    done
}

kubernetes() { # one binary of all components; the module repeats the replaces of Kubernetes' own go.mod
    [ -x "$cache/kube" ] && return
    cp "$here/main.go" "$cache/src/"
    {
        printf 'module kube\n\ngo 1.24.0\n\nrequire k8s.io/kubernetes v%s\n' $version
        for module in api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap \
            code-generator component-base component-helpers controller-manager cri-api cri-client csi-translation-lib \
            dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator kube-controller-manager kube-proxy \
            kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission sample-apiserver sample-cli-plugin sample-controller; do
            echo "replace k8s.io/$module => k8s.io/$module v0${version#1}"
        done
    } >"$cache/src/go.mod"
    local package=k8s.io/component-base/version
    local flags="-s -w -X $package.gitVersion=v$version -X $package.gitMajor=1 -X $package.gitMinor=34 -X $package.gitCommit=lab"
    flags="$flags -X $package.gitTreeState=clean -X $package.buildDate=2026-01-01T00:00:00Z" # clients refuse a version without
    (cd "$cache/src" && go mod tidy && go build -trimpath -o "$cache/kube" -ldflags "$flags" .)
}

addons() {
    [ -x "$GOBIN/coredns" ] || GOFLAGS="$GOFLAGS -mod=mod" go install -trimpath -ldflags='-s -w' github.com/coredns/coredns@v1.12.4
    [ -x "$GOBIN/metrics-server" ] || go install -trimpath -ldflags='-s -w' sigs.k8s.io/metrics-server/cmd/metrics-server@v0.9.0
}

image() { python3 "$here/mkimage.py" "$cache/images/$1.tar" "$cache/root/$1" "registry.lab/$2=$3"; }
small_images() {
    [ -s "$cache/images/metrics-server.tar" ] && return
    rm -rf "$cache/root"
    mkdir -p "$cache"/root/{pause,coredns/tmp,metrics-server/tmp}
    gcc -static -Os -o "$cache/root/pause/pause" "$here/pause.c"
    cp "$GOBIN/coredns" "$cache/root/coredns/"
    cp "$GOBIN/metrics-server" "$cache/root/metrics-server/"
    image pause pause:3.10 '{"Entrypoint": ["/pause"]}'
    image coredns coredns:1.12 '{"Entrypoint": ["/coredns"]}'
    image metrics-server metrics-server:0.9 '{"Entrypoint": ["/metrics-server"]}'
}

packages
kubernetes
addons
small_images
bash "$here/image.sh" "$cache"
