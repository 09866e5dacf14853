"""Loads a snapshot as PyTorch's tools do and prints its figures as JSON; fails where a key is missing or too many."""
import json
import pickle
import sys

SEGMENT = {"device", "address", "total_size", "allocated_size", "active_size", "requested_size", "stream",
           "segment_type", "segment_pool_id", "is_expandable", "frames", "blocks"}
BLOCK = {"address", "size", "requested_size", "state", "frames"}
ENTRY = {"action", "addr", "size", "stream", "time_us", "frames"}
FRAME = {"name", "filename", "line"}
ACTIONS = {"alloc", "free_requested", "free_completed", "segment_alloc", "segment_free", "segment_map",
           "segment_unmap", "snapshot", "oom"}
STATES = {"active_allocated", "active_pending_free", "inactive"}


def has(dictionary, keys, optional=()):
    assert type(dictionary) is dict, dictionary
    assert keys <= dictionary.keys() <= keys | set(optional), dictionary.keys() ^ keys


def check_frames(frames):
    assert type(frames) is list
    for frame in frames:
        has(frame, FRAME)
        assert type(frame["name"]) is str and type(frame["filename"]) is str and type(frame["line"]) is int


def names(frames):
    return [f'{frame["name"]}@{frame["filename"]}:{frame["line"]}' for frame in frames]


with open(sys.argv[1], "rb") as file:
    snapshot = pickle.load(file)
    assert not file.read(), "something follows the pickle"
has(snapshot, {"segments", "device_traces", "allocator_settings", "external_annotations"})
assert snapshot["external_annotations"] == []

by_address = {}
for segment in snapshot["segments"]:
    has(segment, SEGMENT)
    assert segment["segment_type"] in ("small", "large")
    assert type(segment["segment_pool_id"]) is tuple and len(segment["segment_pool_id"]) == 2
    assert type(segment["is_expandable"]) is bool
    check_frames(segment["frames"])
    address = segment["address"]
    for block in segment["blocks"]:
        has(block, BLOCK)
        assert block["state"] in STATES
        assert block["address"] == address, "blocks have gaps"
        check_frames(block["frames"])
        by_address[address] = block
        address += block["size"]
    assert address == segment["address"] + segment["total_size"]
    allocated = [block for block in segment["blocks"] if block["state"] == "active_allocated"]
    active = [block for block in segment["blocks"] if block["state"] != "inactive"]
    assert sum(block["size"] for block in allocated) == segment["allocated_size"]
    assert sum(block["size"] for block in active) == segment["active_size"]
    assert sum(block["requested_size"] for block in active) == segment["requested_size"]

live = sum(block["requested_size"] for block in by_address.values() if block["state"] != "inactive")
counts, frames, categories, times = {}, {}, {}, []
peak = current = 0
# Backwards from the end, as the viewer finds out what was there at the start.
for trace in snapshot["device_traces"]:
    for entry in trace:
        if entry["action"] == "oom":
            has(entry, ENTRY - {"addr"} | {"device_free"}, ["category"])
        else:
            has(entry, ENTRY, ["category"])
        assert entry["action"] in ACTIONS
        check_frames(entry["frames"])
        counts[entry["action"]] = counts.get(entry["action"], 0) + 1
        times.append(entry["time_us"])
        if entry["action"] == "alloc":
            key = "|".join(names(entry["frames"]))
            frames[key] = frames.get(key, 0) + entry["size"]
            if "category" in entry:
                categories[entry["category"]] = categories.get(entry["category"], 0) + entry["size"]
    peak = current = live
    for entry in reversed(trace):
        if entry["action"] == "alloc":
            current -= entry["size"]
        elif entry["action"] == "free_completed":
            current += entry["size"]
        peak = max(peak, current)
    if trace and trace[-1]["action"] == "snapshot":
        assert trace[-1]["size"] == live, (trace[-1], live)
assert times == sorted(times)

json.dump({"segments": len(snapshot["segments"]), "live": live, "start": current, "peak": peak, "counts": counts,
           "frames": frames, "categories": categories, "first": times[0] if times else 0,
           "traces": [len(trace) for trace in snapshot["device_traces"]]}, sys.stdout)
