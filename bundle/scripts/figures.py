"""Results, ratios, claims and tables: what every section of gpu_bench.py makes of what it measured."""
import array
import math
import statistics


def read_floats(content):
    floats = array.array("f")
    floats.frombytes(content)
    return floats


def read_npy(file):
    content = file.read_bytes()
    return read_floats(content[10 + int.from_bytes(content[8:10], "little"):])


def compare(found, expected):
    """The largest difference, and the largest element that was expected."""
    if len(found) != len(expected) or not len(expected):
        return math.inf, max(map(abs, expected), default=0.0)
    differences = [abs(a - b) for a, b in zip(found, expected)]
    return (math.nan if any(map(math.isnan, differences)) else max(differences)), max(map(abs, expected))


def spread(values):
    """Of figures that each stand for a round; None of none."""
    values = [value for value in values if value is not None]
    return {"median": statistics.median(values), "min": min(values), "max": max(values)} if values else None


def ratio(a, b):
    return a / b if a is not None and b else None


def difference(a, b):
    return a - b if a is not None and b is not None else None


def claim(what, figure, least=None, most=None, unit="", note=""):
    """
    A bound and whether a figure keeps it: a number, or the spread of one over the rounds, of which the median counts.
    None where one side was not measured; then it neither holds nor fails.
    """
    median = figure["median"] if isinstance(figure, dict) else figure
    holds = None
    if median is not None and (least is not None or most is not None):
        # Written so that NaN fails.
        holds = (least is None or median >= least) and (most is None or median <= most)
    return {"claim": what, "figure": figure, "least": least, "most": most, "unit": unit, "holds": holds, "note": note}


def bound(entry):
    if entry["least"] is None and entry["most"] is None:
        return "-"
    asked = f"at least {entry['least']:g}" if entry["least"] is not None else f"at most {entry['most']:g}"
    return asked + entry["unit"]


def claim_rows(part, claims):
    for entry in claims:
        figure = entry["figure"]
        median = figure["median"] if isinstance(figure, dict) else figure
        between = f"{figure['min']:.3f} to {figure['max']:.3f}" if isinstance(figure, dict) else "-"
        yield [part, entry["claim"], "not measured" if median is None else f"{median:.3f}{entry['unit']}", between,
               bound(entry), {True: "yes", False: "NO", None: "-"}[entry["holds"]], entry["note"]]


def print_rows(rows, file, left=1):
    """Columns, the first so many of them from the left, the others from the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(text.ljust(width) if i < left else text.rjust(width)
                        for i, (text, width) in enumerate(zip(row, widths))).rstrip(), file=file)


def cell(figures, form="{:.1f}"):
    return form.format(figures["median"]) if figures else "-"


def mib(value):
    return f"{value / 2**20:.1f}" if value is not None else "-"
