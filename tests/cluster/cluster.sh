#!/usr/bin/env bash
# A real two-node Kubernetes on this machine, made by build.sh:
#   cluster.sh up | down            start with the stack in dotmac-production; stop and remove everything
#   cluster.sh node-down n2 | node-up n2   stop, start the kubelet of a node
#   cluster.sh load IMAGE.tar       import an image on both nodes
# Everything lives in $DOTMAC_CLUSTER_STATE and in the network namespaces dotmac-n1 and dotmac-n2. Needs root.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=${DOTMAC_CLUSTER_CACHE:-$here/../../.cache/cluster}
state=${DOTMAC_CLUSTER_STATE:-/var/tmp/dotmac-cluster}
kube=$cache/kube
address=10.250.0.1
pki=$state/pki
export KUBECONFIG=$pki/admin.kubeconfig

start() { # start NAME COMMAND...
    local name=$1
    shift
    setsid nohup "$@" >>"$state/log/$name.log" 2>&1 </dev/null &
    echo $! >"$state/$name.pid"
}
inside() { # inside NODE NAME COMMAND...: only the network is the node's; `ip netns exec` would lose the cgroup mounts
    local node=$1 name=$2
    shift 2
    start "$name" nsenter --net="/var/run/netns/dotmac-$node" "$@"
}
stop() { # stop NAME [SIGNAL]: only a process that still names our folder
    local pid
    pid=$(cat "$state/$1.pid" 2>/dev/null) || return 0
    if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "$state/"; then kill "${2:--TERM}" "$pid"; fi
}

network() {
    ip link add br-dotmac type bridge
    ip addr add $address/24 dev br-dotmac
    ip link set br-dotmac up
    sysctl -qw net.ipv4.ip_forward=1
    local i other
    for i in 1 2; do
        ip netns add dotmac-n$i
        ip link add dotmac-v$i type veth peer name eth0 netns dotmac-n$i
        ip link set dotmac-v$i master br-dotmac up
        other=$((3 - i))
        nsenter --net=/var/run/netns/dotmac-n$i sh -c "ip link set lo up; ip addr add 10.250.0.1$i/24 dev eth0; ip link set eth0 up
            ip route add default via $address; ip route add 10.244.$other.0/24 via 10.250.0.1$other; sysctl -qw net.ipv4.ip_forward=1"
        ip route add 10.244.$i.0/24 via 10.250.0.1$i
    done
}

certificate() { # certificate NAME SUBJECT CA [EXTENSIONS]
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$pki/$1.key" -out "$pki/$1.csr" 2>/dev/null
    openssl x509 -req -in "$pki/$1.csr" -CA "$pki/$3.crt" -CAkey "$pki/$3.key" -CAcreateserial -days 300 -out "$pki/$1.crt" \
        -extfile <(printf '%s\n' "${4:-basicConstraints=CA:FALSE}") 2>/dev/null
}
authority() { openssl req -x509 -newkey rsa:2048 -nodes -days 300 -subj "/CN=$2" -keyout "$pki/$1.key" -out "$pki/$1.crt" 2>/dev/null; }
kubeconfig() { # kubeconfig FILE TOKEN
    kubectl --kubeconfig "$pki/$1.kubeconfig" config set-cluster dotmac-lab --server "https://$address:6443" --certificate-authority "$pki/ca.crt"
    kubectl --kubeconfig "$pki/$1.kubeconfig" config set-credentials "$1" --token "$2"
    kubectl --kubeconfig "$pki/$1.kubeconfig" config set-context dotmac-lab --cluster dotmac-lab --user "$1"
    kubectl --kubeconfig "$pki/$1.kubeconfig" config use-context dotmac-lab
}
identities() {
    authority ca lab-ca
    certificate server kube-apiserver ca "subjectAltName=IP:$address,IP:10.96.0.1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
    authority front-ca front-ca # metrics-server is called through the API server with this one
    certificate front front front-ca
    openssl genrsa -out "$pki/sa.key" 2048 2>/dev/null
    openssl rsa -in "$pki/sa.key" -pubout -out "$pki/sa.pub" 2>/dev/null
    local line
    while IFS=, read -r line user groups; do
        token=$(openssl rand -hex 16)
        printf '%s,%s,%s%s\n' "$token" "$user" "$line" "${groups:+,\"$groups\"}" >>"$pki/tokens.csv"
        kubeconfig "$line" "$token" >/dev/null
    done <<T
admin,admin,system:masters
controllers,controllers,system:masters
scheduler,system:kube-scheduler,
n1,system:node:node-1,system:nodes
n2,system:node:node-2,system:nodes
proxy,system:kube-proxy,
viewer,viewer,
T
}

control_plane() {
    start etcd etcd --data-dir "$state/etcd" --listen-client-urls http://127.0.0.1:23790 --advertise-client-urls http://127.0.0.1:23790 \
        --listen-peer-urls http://127.0.0.1:23800 --unsafe-no-fsync
    start apiserver "$kube" kube-apiserver --etcd-servers=http://127.0.0.1:23790 --bind-address=$address --advertise-address=$address \
        --service-cluster-ip-range=10.96.0.0/16 --tls-cert-file="$pki/server.crt" --tls-private-key-file="$pki/server.key" \
        --service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key" \
        --service-account-issuer=https://kubernetes.default.svc --token-auth-file="$pki/tokens.csv" --authorization-mode=Node,RBAC \
        --allow-privileged=true --kubelet-preferred-address-types=InternalIP --enable-aggregator-routing=true \
        --proxy-client-cert-file="$pki/front.crt" --proxy-client-key-file="$pki/front.key" \
        --requestheader-client-ca-file="$pki/front-ca.crt" --requestheader-allowed-names=front \
        --requestheader-extra-headers-prefix=X-Remote-Extra- --requestheader-group-headers=X-Remote-Group \
        --requestheader-username-headers=X-Remote-User
    for _ in $(seq 60); do kubectl get --raw /readyz >/dev/null 2>&1 && break || sleep 1; done
    start controllers "$kube" kube-controller-manager --kubeconfig="$pki/controllers.kubeconfig" --authentication-kubeconfig="$pki/controllers.kubeconfig" \
        --authorization-kubeconfig="$pki/controllers.kubeconfig" --service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt" \
        --leader-elect=false --node-monitor-grace-period=20s --cert-dir="$pki/controllers" --horizontal-pod-autoscaler-sync-period=10s --bind-address=127.0.0.1
    start scheduler "$kube" kube-scheduler --kubeconfig="$pki/scheduler.kubeconfig" --leader-elect=false --cert-dir="$pki/scheduler" --bind-address=127.0.0.1
    start registry python3 "$here/registry.py" "$state/registry.log" $address 5000
    printf '.:53 {\n  bind %s\n  template ANY ANY {\n    rcode NXDOMAIN\n  }\n}\n' $address >"$state/Corefile"
    start outer-dns "$cache/bin/coredns" -conf "$state/Corefile" # what the cluster's CoreDNS forwards to
}

containerd_configuration() { # containerd_configuration NODE
    cat <<T
version = 2
root = "$state/$1/root"
state = "$state/$1/run"
[grpc]
  address = "$state/$1/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.lab/pause:3.10"
  stream_server_address = "127.0.0.1"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$state/$1/cni"
T
    local port name
    for name in registry:5000 private:5000 busy:5000 down:5999; do
        port=${name#*:}
        printf '  [plugins."io.containerd.grpc.v1.cri".registry.mirrors."%s.lab"]\n    endpoint = ["http://%s:%s"]\n' "${name%:*}" $address "$port"
    done
}
kubelet_configuration() { # kubelet_configuration NODE
    cat <<T
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: /dotmac-$1
failCgroupV1: false
podLogsDir: $state/$1/podlogs
clusterDNS: ["10.96.0.10"]
clusterDomain: cluster.local
failSwapOn: false
resolvConf: $state/resolv.conf
containerRuntimeEndpoint: "unix://$state/$1/containerd.sock"
nodeStatusUpdateFrequency: 5s
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: "100Mi", nodefs.available: "1%", imagefs.available: "1%"}
enforceNodeAllocatable: [pods]
systemReserved: {memory: "${DOTMAC_CLUSTER_RESERVED:-16Gi}"}
T
}
kubelet() { # kubelet NODE
    inside "$1" "$1-kubelet" "$kube" kubelet --kubeconfig="$pki/$1.kubeconfig" --config="$state/$1/kubelet.yaml" --root-dir="$state/$1/kubelet" \
        --hostname-override="node-${1#n}" --cert-dir="$pki/kubelet-$1" --node-ip="10.250.0.1${1#n}"
}
node() { # node NODE
    local node=$1 number=${1#n} controller
    mkdir -p "$state/$node"/{cni,root,run,pv}
    for controller in cpu cpuacct cpuset memory devices freezer blkio pids systemd; do mkdir -p "/sys/fs/cgroup/$controller/dotmac-$node"; done
    for setting in cpus mems; do cat /sys/fs/cgroup/cpuset/cpuset.$setting >"/sys/fs/cgroup/cpuset/dotmac-$node/cpuset.$setting"; done
    containerd_configuration "$node" >"$state/$node/containerd.toml"
    kubelet_configuration "$node" >"$state/$node/kubelet.yaml"
    cat >"$state/$node/cni/10-dotmac.conflist" <<T
{"cniVersion": "0.4.0", "name": "dotmac", "plugins": [
 {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
  "ipam": {"type": "host-local", "dataDir": "$state/$node/ipam", "ranges": [[{"subnet": "10.244.$number.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
 {"type": "portmap", "capabilities": {"portMappings": true}}]}
T
    inside "$node" "$node-containerd" containerd -c "$state/$node/containerd.toml"
    for _ in $(seq 30); do [ -S "$state/$node/containerd.sock" ] && break || sleep 0.2; done
    for image in "$cache"/images/*.tar; do ctr -a "$state/$node/containerd.sock" -n k8s.io images import "$image" >/dev/null; done
    kubelet "$node"
    inside "$node" "$node-proxy" "$kube" kube-proxy --kubeconfig="$pki/proxy.kubeconfig" --hostname-override="node-$number" \
        --cluster-cidr=10.244.0.0/16 --conntrack-max-per-core=0 --conntrack-tcp-timeout-established=0 --conntrack-tcp-timeout-close-wait=0
}

up() {
    [ -x "$kube" ] || { echo "the cluster is not built: run tests/cluster/build.sh" >&2; exit 2; }
    mkdir -p "$state"/{etcd,pki,log}
    printf 'nameserver %s\n' $address >"$state/resolv.conf"
    network
    identities
    control_plane
    for node in n1 n2; do node $node; done
    kubectl apply -f "$here/system.yaml" >/dev/null
    bash "$here/stack.sh"
    echo "export KUBECONFIG=$KUBECONFIG"
}
down() {
    local file node
    for file in "$state"/*.pid; do [ -e "$file" ] && stop "$(basename "$file" .pid)"; done
    sleep 3
    for file in "$state"/*.pid; do [ -e "$file" ] && stop "$(basename "$file" .pid)" -KILL; done
    for node in n1 n2; do # containers run on without containerd; the cgroups are ours alone
        find "/sys/fs/cgroup/pids/dotmac-$node" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u | xargs -r kill -9 2>/dev/null || true
        for pid in $(pgrep -f -- "-address $state/$node/containerd.sock" || true); do kill -9 "$pid"; done
        ip netns del "dotmac-$node" 2>/dev/null || true
    done
    sleep 1
    awk -v ours="$state/" 'index($2, ours) == 1 {print $2}' /proc/mounts | sort -r | xargs -r -n1 umount -l
    ip link del br-dotmac 2>/dev/null || true
    for name in $(ip netns list | awk '/^cni-/ {print $1}'); do # of dead pods; a living pod has its pause process
        [ -n "$(ip netns pids "$name")" ] || ip netns del "$name"
    done
    rm -rf "$state"
}

case ${1:-} in
up) up ;;
down) down ;;
load) for node in n1 n2; do ctr -a "$state/$node/containerd.sock" -n k8s.io images import "$2" >/dev/null; done ;;
node-down) stop "$2-kubelet" ;;
node-up) kubelet "$2" ;;
*) sed -n 2,6p "$0" && exit 2 ;;
esac
