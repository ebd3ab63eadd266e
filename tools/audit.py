"""Looks for known vulnerabilities: in every pinned package, and in the images that were built here.

    python tools/audit.py

pip-audit asks the advisory database of the Python Packaging Authority about each package of requirements/all.txt, which
holds those of every image. Images are looked at with trivy where it is installed and `make images` has made some. Ends
with 1 when something vulnerable was found, with 4 when something could not be looked at: an audit that saw nothing has
not passed.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements/all.txt"
PIP_AUDIT_TIMEOUT_S = 600
TRIVY_TIMEOUT_S = 900
TRIVY_FOUND = 10  # its own failures end with 1
MESSAGE_LENGTH = 300  # enough of what a tool says of its own failure
FOUND, NOT_LOOKED_AT = 1, 4


def main() -> int:
    results = (_audit_packages(), _audit_images())
    return FOUND if FOUND in results else max(results)


def _audit_packages() -> int:
    audit = str(Path(sys.executable).parent / "pip-audit")
    options = ["--disable-pip", "--no-deps", "--format=json", "--progress-spinner=off"]
    command = [audit, *options, f"--requirement={REQUIREMENTS}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PIP_AUDIT_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        print(f"packages: not looked at; no answer within {PIP_AUDIT_TIMEOUT_S} s")
        return NOT_LOOKED_AT
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        print(f"packages: not looked at; {done.stderr.strip()[-MESSAGE_LENGTH:]}")
        return NOT_LOOKED_AT
    vulnerable = [each for each in found if each.get("vulns")]
    skipped = [each for each in found if "skip_reason" in each]
    for each in vulnerable:
        for advisory in each["vulns"]:
            fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
            print(f"{each['name']} {each['version']}: {advisory['id']}, fixed in {fixed}")
    print(f"packages: {len(found)} looked up, {len(vulnerable)} vulnerable, {len(skipped)} without an answer")
    if skipped:
        print(f"  the first of those without: {skipped[0]['name']}: {skipped[0]['skip_reason']}")
    return FOUND if vulnerable else NOT_LOOKED_AT if skipped else 0


def _audit_images() -> int:
    images = _images()
    if not images:
        print("images: none built here; `make images` makes them")
        return 0
    trivy = shutil.which("trivy")
    if trivy is None:
        print(f"images: {len(images)} not looked at; install trivy and run this again")
        return NOT_LOOKED_AT
    results = [_audit_image(trivy, image) for image in images]
    return FOUND if FOUND in results else max(results)


def _audit_image(trivy: str, image: str) -> int:
    command = [trivy, "image", "--quiet", f"--exit-code={TRIVY_FOUND}", "--severity=HIGH,CRITICAL", "--ignore-unfixed"]
    code = _exit_code([*command, image], TRIVY_TIMEOUT_S)
    if code not in (0, TRIVY_FOUND):
        print(f"images: {image} not looked at; trivy ended with {code}")
    return {0: 0, TRIVY_FOUND: FOUND}.get(code, NOT_LOOKED_AT)


def _exit_code(command: list[str], timeout_s: float) -> int:
    """124 when it took too long, as timeout(1) has it."""
    try:
        return subprocess.run(command, timeout=timeout_s, check=False).returncode
    except subprocess.TimeoutExpired:
        return 124


def _images() -> list[str]:
    if shutil.which("docker") is None:
        return []
    command = ["docker", "image", "ls", "--filter=reference=pampax-*", "--format={{.Repository}}:{{.Tag}}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return sorted(done.stdout.split()) if done.returncode == 0 else []


if __name__ == "__main__":
    sys.exit(main())
