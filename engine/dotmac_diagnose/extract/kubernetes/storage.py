"""Facts of claims, volumes and their use."""

from __future__ import annotations

from collections.abc import Iterator

from dotmac_diagnose.facts import Fact, Relation, Vantage, entity_id
from dotmac_diagnose.facts import kubernetes as kinds

from .harvest import Extracted, about
from .index import KubernetesObject
from .json_access import at, boolean, conditions, mapping, text, texts
from .names import name_text
from .near import nearest
from .quantity import quantity, whole
from .selectors import selects
from .snapshot import Snapshot

_DEFAULT_CLASS = ("storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class")


def claim_facts(snapshot: Snapshot, claim: KubernetesObject) -> Iterator[Extracted]:
    """Yield the fact ``kubernetes.claim`` of a PersistentVolumeClaim and the volume that it is bound to."""
    entity = entity_id("persistentvolumeclaim", claim.namespace, claim.name)
    yield about(entity, _claim(snapshot, claim), claim)
    volume = name_text(claim.spec.get("volumeName"))
    if volume is not None:
        yield Relation("binds", entity, entity_id("persistentvolume", volume))


def _claim(snapshot: Snapshot, claim: KubernetesObject) -> kinds.Claim:
    index, spec = snapshot.index, claim.spec
    written = spec.get("storageClassName")
    name = name_text(written) or name_text(claim.annotations.get("volume.beta.kubernetes.io/storage-class"))
    storage_class = index.get("storageclasses", "", name) if name is not None else None
    if written is None and name is None:
        storage_class = default_class(snapshot)  # an empty text asks for a volume without a class
    exists = index.exists("storageclasses", "", name) if name is not None else None
    phase = text(claim.status.get("phase"), 40)
    pending = phase in (None, "Pending")
    near = _near_volume(snapshot, claim, name) if pending else None
    return kinds.Claim(
        phase=phase,
        storage_class=name,
        class_exists=exists,
        default_class_exists=default_class(snapshot) is not None if index.was_read("storageclasses") else None,
        waits_for_first_consumer=(
            storage_class.raw.get("volumeBindingMode") == "WaitForFirstConsumer" if storage_class is not None else None
        ),
        used_by_pods=(
            snapshot.claim_users.get((claim.namespace, claim.name), 0)
            if index.was_read("pods", claim.namespace)
            else None
        ),
        volume=name_text(spec.get("volumeName")),
        requested_bytes=whole(at(spec, "resources", "requests", "storage")),
        access_modes=",".join(sorted(texts(spec.get("accessModes")))) or None,
        near_volume=near[0] if near else None,
        near_volume_difference=near[1] if near else None,
        resize_message=_resize_message(claim),
        expandable=(boolean(storage_class.raw.get("allowVolumeExpansion")) is True if storage_class else None),
        age_seconds=snapshot.age(claim.created),
        suggestion=(
            nearest(name, (item.name for item in index.of("storageclasses"))) if name and exists is False else None
        ),
    )


def default_class(snapshot: Snapshot) -> KubernetesObject | None:
    """Return the default StorageClass; of several the newest, as admission does."""
    found = [
        item
        for item in snapshot.index.of("storageclasses")
        if any(item.annotations.get(key) == "true" for key in _DEFAULT_CLASS)
    ]
    return max(found, key=lambda item: (str(item.created or ""), item.name), default=None)


def _resize_message(claim: KubernetesObject) -> str | None:
    for kind, condition in sorted(conditions(claim.status).items()):
        if "Resiz" in kind and condition.get("status") == "True":
            return text(condition.get("message")) or kind
    return None


def _near_volume(snapshot: Snapshot, claim: KubernetesObject, name: str | None) -> tuple[str, str] | None:
    """Return the Available volume that differs from a Pending claim in one field, and that field."""
    if name is None and claim.spec.get("storageClassName") is None:
        default = default_class(snapshot)
        name = default.name if default is not None else None
    fits = []
    for volume in snapshot.index.of("persistentvolumes"):
        if volume.status.get("phase") != "Available":
            continue
        differences = _differences(claim, name, volume)
        if not differences:
            return None
        if len(differences) == 1:
            fits.append((volume.name, differences[0]))
    return fits[0] if len(fits) == 1 else None


def _differences(claim: KubernetesObject, name: str | None, volume: KubernetesObject) -> list[str]:
    """Return in what a volume does not fit a claim.

    Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#binding
    """
    found = []
    volume_class = name_text(volume.spec.get("storageClassName"))
    if (name or "") != (volume_class or ""):
        found.append(f"storageClassName: {name or 'none'} -> {volume_class or 'none'}")
    wanted, offered = set(texts(claim.spec.get("accessModes"))), set(texts(volume.spec.get("accessModes")))
    if not wanted <= offered:
        found.append(f"accessModes: {','.join(sorted(wanted))} -> {','.join(sorted(offered))}")
    asked, held = at(claim.spec, "resources", "requests", "storage"), at(volume.spec, "capacity", "storage")
    asked_size, held_size = quantity(asked), quantity(held)
    if asked_size is not None and held_size is not None and asked_size > held_size:
        found.append(f"storage: {text(asked, 60)} -> {text(held, 60)}")
    modes = [text(item.spec.get("volumeMode"), 40) or "Filesystem" for item in (claim, volume)]
    if modes[0] != modes[1]:
        found.append(f"volumeMode: {modes[0]} -> {modes[1]}")
    selector = mapping(claim.spec.get("selector"))
    if selector and not selects(selector, volume.labels):
        found.append("selector: does not match the labels of the volume")
    named = name_text(claim.spec.get("volumeName"))
    if named is not None and named != volume.name:
        found.append(f"volumeName: {named} -> {volume.name}")
    reserved = mapping(volume.spec.get("claimRef"))
    owner = (reserved.get("namespace"), reserved.get("name"))
    if reserved and owner != (claim.namespace, claim.name):
        found.append(f"claimRef: the volume is kept for {text(owner[0], 63)}/{name_text(owner[1])}")
    return found


def volume_facts(volume: KubernetesObject) -> Iterator[Fact]:
    """Yield the fact ``kubernetes.volume`` of a PersistentVolume."""
    claim = mapping(volume.spec.get("claimRef"))
    namespace, name = text(claim.get("namespace"), 63), name_text(claim.get("name"))
    values = kinds.Volume(
        phase=text(volume.status.get("phase"), 40),
        reason=text(volume.status.get("reason"), 200),
        message=text(volume.status.get("message")),
        reclaim_policy=text(volume.spec.get("persistentVolumeReclaimPolicy"), 40),
        claim=f"{namespace}/{name}" if namespace and name else None,
        storage_class=name_text(volume.spec.get("storageClassName")),
    )
    yield about(entity_id("persistentvolume", volume.name), values, volume)


def usage_facts(snapshot: Snapshot) -> Iterator[Fact]:
    """Yield one fact ``kubernetes.volume_usage`` per claim that a kubelet measured."""
    for (namespace, name), use in sorted(snapshot.usage.claims.items()):
        inodes = None
        if use.inodes and use.inodes_used is not None:
            inodes = round(100.0 * use.inodes_used / use.inodes, 2)
        values = kinds.VolumeUsage(
            used_bytes=use.used_bytes,
            capacity_bytes=use.capacity_bytes,
            used_percent=round(100.0 * use.used_bytes / use.capacity_bytes, 2),
            inodes_used_percent=inodes,
            pod=use.pod,
        )
        yield Fact(
            entity=entity_id("persistentvolumeclaim", namespace, name),
            kind=values.kind,
            values=values,
            vantage=Vantage.NODE,
            source=use.source,
            evidence=use.evidence,
        )
