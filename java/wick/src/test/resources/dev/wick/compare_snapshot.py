"""Compares a snapshot's shape with that of torch.cuda.memory._snapshot() on this machine: compare_snapshot.py FILE.

Prints one line for each difference in keys or types, and nothing where there is none. Exit code 3: no torch with CUDA.
"""
import pickle
import sys

try:
    import torch
    if not torch.cuda.is_available():
        raise ImportError("torch sees no CUDA device")
except ImportError as e:
    print(e, file=sys.stderr)
    sys.exit(3)

# Who compiled the operator, what a user noted, which private pool, a tag: each of some versions, and the viewer's choice.
OPTIONAL = {"compile_context", "user_metadata", "pool_id", "version", "category"}


def shape(entries):
    """Keys of all entries, with the types of their values."""
    found = {}
    for entry in entries:
        for key, value in entry.items():
            found.setdefault(key, set()).add(type(value).__name__)
    return found


def shapes(snapshot):
    segments = snapshot["segments"]
    traces = [entry for trace in snapshot["device_traces"] for entry in trace]
    return {
        "snapshot": shape([snapshot]),
        "segment": shape(segments),
        "block": shape(block for segment in segments for block in segment["blocks"]),
        **{f"trace {action}": shape(entry for entry in traces if entry["action"] == action)
           for action in {entry["action"] for entry in traces}},
        "frame": shape(frame for entry in traces for frame in entry["frames"]),
    }


torch.cuda.memory._record_memory_history(max_entries=10_000)
kept = torch.empty(1 << 20, device="cuda", dtype=torch.uint8)
gone = torch.empty(100, device="cuda")
del gone
theirs = shapes(torch.cuda.memory._snapshot())
with open(sys.argv[1], "rb") as file:
    ours = shapes(pickle.load(file))
for what in sorted(ours.keys() | theirs.keys()):
    if what not in ours or what not in theirs:
        # An action that happened on one side alone.
        continue
    for key in sorted(ours[what].keys() | theirs[what].keys()):
        mine, other = ours[what].get(key), theirs[what].get(key)
        if (mine is None or other is None) and key in OPTIONAL:
            continue
        if mine is None or other is None or not mine <= other:
            print(f"{what}: {key} is {mine} here and {other} in torch's")
