"""Runs Wick's tests from the bundle, on this machine's GPU or on its CPU.

    check.sh [--device cuda|cuda:N|cpu] [--out DIR] [--budget SECONDS] [--native] [--only SUITE,...]

LibTorch is the one that WICK_LIBTORCH names, else that of python3. The shim that was carried along is used where it
fits that LibTorch; otherwise it is compiled, which needs g++ or clang++, CMake and Ninja. Each suite runs in a JVM of
its own under a time limit, the most valuable first. DIR gets check.json, and for each suite its log and JUnit's XML
reports.

Exit code: 0 all that ran passed; 1 something failed; 2 nothing failed, but something found no time.
"""
import argparse
import contextlib
import datetime
import json
import os
import re
import sys
import time
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import machine
from machine import Bundle, Problem, ROOT, say

SCHEMA = "wick-check-1"
NO_TESTS = "no tests"
# A suite that gets less than this has no time to start LibTorch.
LEAST_SECONDS = 15
JUNIT = "org.junit.platform.console.ConsoleLauncher"
PASSED, FAILED, SKIPPED, NOT_RUN = "passed", "failed", "skipped", "not run"


class Suite:
    """One process: what it is for, how long it may take, and how to start it."""

    def __init__(self, name, what, limit, run):
        self.name, self.what, self.limit, self.run = name, what, limit, run


class Check:
    def __init__(self, arguments):
        self.device = arguments.device
        self.out = arguments.out.absolute()
        self.out.mkdir(parents=True, exist_ok=True)
        self.deadline = time.monotonic() + arguments.budget
        self.bundle = Bundle(self.out)
        self.information = None
        # Why nothing more can run.
        self.unusable = None
        self.shim = None

    # JUnit

    def junit(self, suite, seconds, tests, selection, must_run, may_be_empty=False, class_path=(), options=(),
              **environment):
        """
        Runs JUnit's console on the test jar of a module. must_run: that everything was skipped is a failure, or a
        machine on which nothing ran would pass; may_be_empty: but there may be no such test at all.
        """
        reports = self.out / suite.name
        selects = any(part.startswith("--select-") for part in selection)
        chosen = [] if selects else [f"--scan-class-path={test_jar(tests)}"]
        command = self.bundle.java_command(*class_path, self.bundle.library())
        # Properties go before the class path's option and the main class.
        command[1:1] = options
        command += [JUNIT, "execute", "--disable-banner", "--disable-ansi-colors", "--details=tree",
                    f"--reports-dir={reports}", *chosen, *selection]
        finished = machine.run_limited(command, seconds, self.out / f"{suite.name}.log",
                                       self.bundle.environment(**environment), dumps_threads=True)
        result = read_reports(reports)
        result["seconds"] = round(finished.seconds, 2)
        # The console says 1 when a test failed, and those are counted.
        if finished.code != 0 and not (finished.code == 1 and result["failed"]):
            result["failed"] += 1
            result["failures"].append({"test": suite.name, "message": f"{finished.why()}: {finished.tail(5)}"})
        if must_run and result["passed"] + result["failed"] == 0 and (result["found"] or not may_be_empty):
            result["failed"] += 1
            reasons = sorted({skip["reason"] for skip in result["skips"]}) or ["no test was found"]
            result["failures"].append({"test": suite.name, "message": "nothing ran: " + "; ".join(reasons)})
        return result

    def contract(self, suite, seconds):
        return self.junit(suite, seconds, "wick-binding-api", ["--include-classname=.*Contract", "--exclude-tag=gpu"],
                          True, options=[f"-Dwick.test.device={self.device}"],
                          # FP32 is compared with the CPU's FP32.
                          NVIDIA_TF32_OVERRIDE="0")

    def contract_gpu(self, suite, seconds):
        return self.junit(suite, seconds, "wick-binding-api", ["--include-classname=.*Contract", "--include-tag=gpu"],
                          self.on_gpu(), options=[f"-Dwick.test.device={self.device}"])

    def wick_gpu(self, suite, seconds):
        return self.junit(suite, seconds, "wick", ["--include-classname=.*Test", "--include-tag=gpu"], self.on_gpu(),
                          options=[f"-Dwick.test.device={self.device}"])

    def panama_gpu(self, suite, seconds):
        return self.junit(suite, seconds, "wick-binding-panama", ["--include-classname=.*Test", "--include-tag=gpu"],
                          self.on_gpu(), may_be_empty=True, options=[f"-Dwick.test.device={self.device}"])

    def jni_cublas(self, suite, seconds):
        """JavaCPP finds CUDA's libraries, of pip or of the machine, where the loader does."""
        places = machine.cuda_libraries(self.bundle.torch) + [Path("/usr/local/cuda/lib64")]
        path = ":".join([*map(str, places), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])])
        return self.junit(suite, seconds, "wick-binding-javacpp",
                          ["--select-class=dev.wick.binding.javacpp.PresetsCublasTest"], self.on_gpu(),
                          class_path=[ROOT / "jni" / "natives", f"{ROOT}/jni/*"], LD_LIBRARY_PATH=path)

    def wick(self, suite, seconds):
        # The rule is one for sources, and its library is half as large as all other tests together.
        return self.junit(suite, seconds, "wick", ["--include-classname=.*Test", "--exclude-tag=gpu",
                                                   "--exclude-classname=.*DependencyRuleTest"], True)

    def panama(self, suite, seconds):
        # The generated sources, which that one compares with the headers, are not in the bundle.
        return self.junit(suite, seconds, "wick-binding-panama", [
            "--include-classname=.*Test", "--exclude-tag=gpu", "--exclude-classname=.*JextractDriftTest"], True)

    def on_gpu(self):
        return self.device != "cpu"

    # The rest

    def build_shim(self, suite, seconds):
        place, why_not = self.bundle.shim()
        how = "carried"
        result = {"seconds": 0.0}
        if why_not is None:
            print(f"shim     {place.name}, as it was carried along", flush=True)
        else:
            print(f"shim     compiling it: {why_not}", flush=True)
            how = "compiled here: " + why_not
            result = self.build_script(suite, seconds)
        self.shim = {"directory": str(place), "how": how,
                     "properties": self.bundle.build.read_properties(place / "shim.properties")}
        return result

    def native_tests(self, suite, seconds):
        # They read the contract's archives where a checkout has them.
        with zipfile.ZipFile(test_jar("wick-binding-api")) as jar:
            for name in jar.namelist():
                if name.startswith("archives/"):
                    jar.extract(name, ROOT / "bindings/api/src/test/resources")
        return self.build_script(suite, seconds, "--test")

    def build_script(self, suite, seconds, *more):
        finished = machine.run_limited(
            [sys.executable, "-B", ROOT / "native" / "build.py", "--natives", self.bundle.torch, *more], seconds,
            self.out / f"{suite.name}.log", self.bundle.environment())
        return result_of(suite, finished, finished.code == 0)

    def info(self, suite, seconds):
        command = self.bundle.java_command(self.bundle.library())
        command += ["dev.wick.cli.Main", "info", "--json", "--natives", self.bundle.torch, "--calls", "panama"]
        finished = machine.run_limited(command, seconds, self.out / f"{suite.name}.log", self.bundle.environment(),
                                       dumps_threads=True)
        result = result_of(suite, finished, finished.code == 0)
        if finished.code == 0:
            text = finished.log.read_text(encoding="utf-8")
            try:
                self.information, _ = json.JSONDecoder().raw_decode(text[text.index("{"):])
            except ValueError as e:
                return failed(suite, finished.seconds, f"it printed no JSON: {e}")
            devices = [device["device"] for device in self.information["devices"]]
            if self.device not in devices:
                missing = self.information["features"]["missing"].get("cuda", "no reason is given")
                self.unusable = f"no {self.device} among {', '.join(devices)}: {missing}"
                return failed(suite, finished.seconds, self.unusable)
        return result

    def suites(self, native):
        suites = [
            Suite("shim", "a shim that fits this LibTorch", 400, self.build_shim),
            Suite("info", "wick info: LibTorch, shim and devices are found", 60, self.info),
            Suite("contract-gpu", "the contract's tests that need a GPU", 150, self.contract_gpu),
            Suite("wick-gpu", "the Java layer's tests that need a GPU", 150, self.wick_gpu),
            Suite("panama-gpu", "the FFM binding's tests that need a GPU", 60, self.panama_gpu),
            Suite("jni-cublas", "cuBLAS through JavaCPP on this machine's CUDA", 60, self.jni_cublas),
            Suite("contract", f"the contract on {self.device}", 200, self.contract),
            Suite("wick", "the Java layer's other tests", 200, self.wick),
            Suite("panama", "the FFM binding's other tests", 60, self.panama),
        ]
        if native:
            suites.append(Suite("native", "the shim's own tests, compiled here", 480, self.native_tests))
        return suites


# --- results ----------------------------------------------------------------------------------------------------------


def test_jar(module):
    jars = [jar for folder in ("lib", "jni") for jar in (ROOT / folder).glob(f"{module}-[0-9]*-tests.jar")]
    if len(jars) != 1:
        raise Problem(f"the bundle has {len(jars)} test jars of {module}; expected 1")
    return jars[0]


def failed(suite, seconds, message):
    return {"seconds": round(seconds, 2), "failures": [{"test": suite.name, "message": message}]}


def result_of(suite, finished, good):
    if good:
        return {"seconds": round(finished.seconds, 2)}
    return failed(suite, finished.seconds, f"{finished.why()}: {finished.tail()}")


def read_reports(folder):
    """Counts, and what was skipped or failed with its reason, of JUnit's XML reports."""
    result = {"found": 0, "passed": 0, "failed": 0, "skipped": 0, "skips": [], "failures": []}
    for file in sorted(folder.glob("TEST-*.xml")):
        with contextlib.suppress(ElementTree.ParseError):
            for case in ElementTree.parse(file).getroot().iter("testcase"):
                name = f"{case.get('classname', '').rpartition('.')[2]}.{case.get('name')}"
                result["found"] += 1
                skipped, bad = case.find("skipped"), case.find("failure")
                bad = case.find("error") if bad is None else bad
                if skipped is not None:
                    result["skipped"] += 1
                    result["skips"].append({"test": name, "reason": reason_of(skipped)})
                elif bad is not None:
                    result["failed"] += 1
                    message = (bad.get("message") or bad.text or "").strip()
                    result["failures"].append({"test": name, "message": message[:2000]})
                else:
                    result["passed"] += 1
    return result


def reason_of(skipped):
    """The reason alone: an assumption that does not hold comes with its exception's name and stack."""
    text = skipped.get("message") or skipped.text or "no reason given"
    line = text.strip().splitlines()[0]
    return re.sub(r"^.*TestAbortedException: (?:Assumption failed: )?", "", line)


def summary(suite, result):
    counts = [str(result.get(key, "")) for key in ("found", "passed", "failed", "skipped")]
    return [suite.name, *counts, f"{result['seconds']:.1f}", result["outcome"], suite.what]


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.rjust(width) if 0 < i < 6 else cell.ljust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())


def print_reasons(results):
    for suite, result in results:
        reasons = {}
        for skip in result.get("skips", []):
            reasons.setdefault(skip["reason"], []).append(skip["test"])
        for reason, tests in reasons.items():
            print(f"\n{suite.name}: {len(tests)} skipped: {reason}")
        messages = {}
        for failure in result.get("failures", []):
            messages.setdefault(failure["message"], []).append(failure["test"])
        for message, tests in messages.items():
            more = f" and {len(tests) - 1} more" if len(tests) > 1 else ""
            print(f"\n{suite.name}: FAILED {tests[0]}{more}\n  " + message.replace("\n", "\n  "))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0", help="cuda:N, or cpu, where tests that need a GPU skip (cuda:0)")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", "wick-check")),
                        help="directory for results ($OUT, else wick-check)")
    parser.add_argument("--budget", type=float, default=500, help="seconds for everything together (500)")
    parser.add_argument("--native", action="store_true", help="compile and run the shim's own tests too, last")
    parser.add_argument("--only", default="", help="these suites alone, separated by commas")
    arguments = parser.parse_args()
    if arguments.device == "cuda":
        arguments.device = "cuda:0"
    if not re.fullmatch(r"cpu|cuda:\d+", arguments.device):
        parser.error(f"--device {arguments.device}: expected cuda, cuda:N or cpu")
    begin = time.monotonic()
    try:
        check = Check(arguments)
        suites = check.suites(arguments.native)
        only = [name for name in arguments.only.split(",") if name]
        unknown = set(only) - {suite.name for suite in suites}
        if unknown:
            raise Problem(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(s.name for s in suites)}")
    except Problem as problem:
        say(f"check.sh: {problem}")
        return 1
    gpus, no_gpu = machine.describe_gpus()
    described = machine.print_machine(check.bundle, gpus, no_gpu)
    report = {
        "schema": SCHEMA, "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": described, "gpus": gpus, "noGpu": no_gpu, "driver": gpus[0].get("driver_version") if gpus else None,
        "torch": check.bundle.describe_torch(), "bundle": machine.first_line(ROOT / "VERSION", r"^(.*)$"),
        "settings": {"device": arguments.device, "budgetSeconds": arguments.budget, "native": arguments.native,
                     "javaOptions": check.bundle.java_command("")[1:-2],
                     "environment": {key: value for key, value in os.environ.items() if key.startswith(
                         ("CUDA_", "NVIDIA_", "OMP_", "MKL_", "PYTORCH_", "WICK_", "LD_", "TORCH"))}},
    }
    results = []
    for suite in suites:
        # Nothing runs without a shim.
        if only and suite.name not in only and suite.name != "shim":
            continue
        left = check.deadline - time.monotonic()
        if check.unusable:
            result = {"seconds": 0.0, "outcome": NOT_RUN, "why": check.unusable}
        elif left < LEAST_SECONDS:
            result = {"seconds": 0.0, "outcome": NOT_RUN, "why": f"the budget of {arguments.budget:.0f} s was used up"}
        else:
            say(f"... {suite.name}: {suite.what}")
            try:
                result = suite.run(suite, min(suite.limit, left))
            except Problem as problem:
                result = failed(suite, 0, str(problem))
            result["outcome"] = (FAILED if result.get("failures")
                                 else PASSED if result.get("passed", 1) else SKIPPED if result["found"] else NO_TESTS)
            if suite.name == "shim" and result["outcome"] == FAILED:
                check.unusable = "there is no shim"
        result["limitSeconds"] = suite.limit
        results.append((suite, result))
        report.update(shim=check.shim, info=check.information, seconds=round(time.monotonic() - begin, 1),
                      suites=[dict(name=each.name, what=each.what, **outcome) for each, outcome in results])
        # After each: whoever ends this process keeps what it found.
        machine.write_json(check.out / "check.json", report)
    print()
    print_table([["suite", "found", "passed", "failed", "skipped", "seconds", "outcome", ""]]
                + [summary(suite, result) for suite, result in results])
    print_reasons(results)
    for why in dict.fromkeys(result["why"] for _, result in results if result["outcome"] == NOT_RUN):
        names = [suite.name for suite, result in results if result.get("why") == why]
        print(f"\nnot run: {', '.join(names)}: {why}")
    outcomes = {result["outcome"] for _, result in results}
    code = 1 if FAILED in outcomes else 2 if NOT_RUN in outcomes else 0
    print(f"\n{'passed' if code == 0 else 'FAILED' if code == 1 else 'not everything was run'}, "
          f"{time.monotonic() - begin:.0f} s: {check.out / 'check.json'}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
