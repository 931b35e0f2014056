"""Makes conformance/docs/frameworks.md of several reports: what fails where, with what was expected and what came."""

import json
import re
import sys

versions, *paths = sys.argv[1:]
targets = [json.load(open(path))["targets"][0] for path in paths]

print("# The official libraries, played\n")
print("Made by `conformance/frameworks/run --write`, and not by hand. Three handlers, written as the guides of the official libraries show: Flask, the")
print("same behind what Rails does to a path, and Express. Each verifies with the address that its framework makes of the request.\n")
print(f"Versions: {versions.strip()}.\n")
print("| handler | passed | failed MUST | failed SHOULD | skipped |")
print("|---|---|---|---|---|")
for target in targets:
    cases = target["cases"]
    count = lambda outcome, grade=None: sum(c["outcome"] == outcome and (grade is None or c["grade"] == grade) for c in cases)
    print(f"| {target['name']} | {count('passed')} | {count('failed', 'MUST')} | {count('failed', 'SHOULD')} | {count('skipped')} |")

for target in targets:
    print(f"\n## {target['name']}\n")
    failed = [case for case in target["cases"] if case["outcome"] == "failed"]
    if not failed:
        print("Nothing fails.")
    for case in failed:
        failure = case["failure"]
        shown = [exchange for exchange in case["exchanges"] if exchange["is_evidence"]]
        line = shown[0]["sent"].split("\r\n")[0].split(" ")[:2] if shown else []
        print(f"* **{case['id']}** ({case['grade']}): {case['requirement']}")
        # Ports and names of calls differ from run to run.
        actual = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", failure["actual"])
        actual = re.sub(r"CA[0-9a-f]{32}", "CA...", actual)
        place = " ".join(line)
        if len(place) > 100:
            place = place[:100] + "..."
        print(f"  Sent: `{place}`. Expected: {failure['expected']}. Came: `{actual[:120].replace('`', '')}`.")

print("\n## Skipped everywhere\n")
skipped = [{c["id"]: c["reason"] for c in target["cases"] if c["outcome"] == "skipped"} for target in targets]
for case, reason in skipped[0].items():
    if all(case in other for other in skipped):
        print(f"* {case}: {re.sub(r'127.0.0.1:[0-9]+', '127.0.0.1:PORT', reason)}")
