"""Looks at the files for containers and for the release, which cannot be run here: the linters of their kinds, and that all
that one file says of another is so. Needs what requirements.txt lists.
"""

import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent.parent
DOCKERFILE = ROOT / "config/docker/Dockerfile"
COMPOSE = ROOT / "config/docker/compose.yaml"
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TOOLS = Path(sys.executable).parent


def main():
    manifest = (ROOT / "Cargo.toml").read_text()
    version, rust = (re.search(rf'^{key} = "(.+)"', manifest, re.M)[1] for key in ("version", "rust-version"))
    faults = [
        *lint("hadolint", DOCKERFILE),
        *lint("actionlint", *WORKFLOWS),
        *unreadable_files(),
        *faults_of_images(rust),
        *faults_of_compose(version),
        *faults_of_workflows(),
    ]
    if faults:
        sys.exit("package: " + "\npackage: ".join(faults))
    print(f"package: hadolint, actionlint and what the files say of each other: all is well ({len(WORKFLOWS)} workflows)")


def lint(tool, *files):
    """What a linter finds."""
    done = subprocess.run([TOOLS / tool, *files], cwd=ROOT, capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"{tool} ended with {done.returncode}:\n{done.stdout}{done.stderr}"]


def unreadable_files():
    """YAML that is none."""
    for path in sorted([*(ROOT / "config").rglob("*.y*ml"), *WORKFLOWS]):
        try:
            if not yaml.safe_load(path.read_text()):
                yield f"{path} is empty"
        except yaml.YAMLError as error:
            yield f"{path} is no YAML: {error}"


def faults_of_images(rust):
    """The compiler must be that of Cargo.toml, and every image have a version."""
    for path in (DOCKERFILE, *WORKFLOWS):
        for image in re.findall(r"\brust:\S+", path.read_text()):
            if not image.startswith(f"rust:{rust}."):
                yield f"{path} builds with {image}, Cargo.toml says {rust}"
    for service in yaml.safe_load(COMPOSE.read_text())["services"].values():
        if not re.search(r":v?\d+\.\d+\.\d+$", service["image"]):
            yield f"{COMPOSE}: {service['image']} has no version"


def faults_of_compose(version):
    """What is mounted must be there, and nothing be reached from elsewhere."""
    compose = yaml.safe_load(COMPOSE.read_text())
    services = compose["services"]
    for name, service in services.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith(".") and not (COMPOSE.parent / source).exists():
                yield f"{COMPOSE}: {name} mounts {source}, which is not there"
            if not source.startswith(".") and source not in compose["volumes"]:
                yield f"{COMPOSE}: {name} uses the volume {source}, which is not listed"
        if "ports" in service:
            yield f"{COMPOSE}: {name} publishes ports, which other machines can reach"
    build = services["holdfast"]["build"]
    if not (COMPOSE.parent / build["context"] / build["dockerfile"]).samefile(DOCKERFILE):
        yield f"{COMPOSE} builds another image than {DOCKERFILE}"
    if services["holdfast"]["image"] != f"holdfast:{version}":
        yield f"{COMPOSE} names {services['holdfast']['image']}, Cargo.toml says {version}"
    if "--web.listen-address=127.0.0.1:9090" not in services["prometheus"]["command"]:
        yield f"{COMPOSE}: Prometheus does not listen on loopback alone"
    if services["grafana"]["environment"].get("GF_SERVER_HTTP_ADDR") != "127.0.0.1":
        yield f"{COMPOSE}: Grafana does not listen on loopback alone"


def faults_of_workflows():
    """An action is named by its commit: a tag can be moved."""
    for path in WORKFLOWS:
        for action in re.findall(r"uses: (\S+)", path.read_text()):
            if not action.startswith("./") and not re.search(r"@[0-9a-f]{40}$", action):
                yield f"{path}: {action} is not named by its commit"


main()
