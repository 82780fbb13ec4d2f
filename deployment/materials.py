"""The bill of materials of a build, CycloneDX 1.6: every library that is shipped, where it lies, and what it came from.

Made of the build itself, of the libraries' own descriptions in it; only the hashes are those of the requirements, of
which the installer has held one against what it fetched. Equal builds have equal bills: no time, no random number.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import License
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from local import ROOT
from local.template import Template

NAME: Final = "bom.cdx.json"
_REQUIREMENT = re.compile(r"^([a-z0-9-]+)==(\S+) \\\n((?:    --hash=sha256:\w+(?: \\)?\n)+)", re.MULTILINE)
_INDEX: Final = "https://pypi.org/project"


def main(arguments: list[str]) -> int:
    """Write the bill of the build in this folder into it. Exit status: 0."""
    made = argparse.ArgumentParser(prog="deployment.materials", description=__doc__)
    made.add_argument("build", type=Path)
    build = made.parse_args(arguments).build
    (build / NAME).write_text(bill(build, pinned(requirements())), encoding="utf-8")
    return 0


def requirements() -> list[Path]:
    """The files that name what is shipped."""
    return [ROOT / "layers" / "common" / "requirements.txt", *sorted((ROOT / "functions").glob("*/requirements.txt"))]


def pinned(files: Iterable[Path]) -> dict[str, list[str]]:
    """The SHA-256 of each archive that a library, `name==version`, may be installed from."""
    found: dict[str, list[str]] = {}
    for file in files:
        for name, version, hashes in _REQUIREMENT.findall(file.read_text(encoding="utf-8")):
            found[f"{name}=={version}"] = re.findall(r"sha256:(\w+)", hashes)
    return found


def bill(build: Path, hashes: Mapping[str, list[str]]) -> str:
    """The document. Raises KeyError for a library that no requirement names."""
    whole, libraries = _whole(), list(_libraries(build, hashes))
    needed = [Dependency(one.bom_ref) for one in libraries]
    bom = Bom(
        components=libraries,
        dependencies=[Dependency(whole.bom_ref, needed), *needed],
        serial_number=uuid5(NAMESPACE_URL, " ".join(one.bom_ref.value or "" for one in libraries)),
    )
    bom.metadata.component, bom.metadata.timestamp = whole, None  # type: ignore[assignment]  # it would be the time of the build
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _whole() -> Component:
    facts = Template.read().section("Metadata", "AWS::ServerlessRepo::Application")
    licence = LicenseFactory().make_from_string(str(facts["SpdxLicenseId"]))
    version = str(facts["SemanticVersion"])
    return Component(
        name="grantwire", version=version, type=ComponentType.APPLICATION, licenses=[licence], bom_ref="grantwire"
    )


def _libraries(build: Path, hashes: Mapping[str, list[str]]) -> Iterator[Component]:
    """A component for each library; one that lies in two places has two occurrences."""
    places: dict[str, list[Path]] = {}
    for folder in sorted(build.rglob("*.dist-info")):
        places.setdefault(folder.name, []).append(folder)
    for folders in places.values():
        yield _component(build, folders, hashes)


def _component(build: Path, folders: list[Path], hashes: Mapping[str, list[str]]) -> Component:
    library = PathDistribution(folders[0])
    name = re.sub(r"[-_.]+", "-", library.metadata["Name"]).lower()
    purl = PackageURL("pypi", name=name, version=library.version)
    places = [folder.relative_to(build).as_posix() for folder in folders]
    own = [file.relative_to(build).as_posix() for folder in folders for file in sorted(folder.glob("sboms/*"))]
    return Component(
        name=name,
        version=library.version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[_licence(library)],
        # By their own names they are sorted, else by chance.
        evidence=ComponentEvidence(occurrences=[Occurrence(bom_ref=one, location=one) for one in places]),
        external_references=[
            _archives(name, library.version, hashes[f"{name}=={library.version}"]),
            *(ExternalReference(type=ExternalReferenceType.BOM, url=XsUri(one)) for one in own),
        ],
    )


def _archives(name: str, version: str, hashes: Iterable[str]) -> ExternalReference:
    return ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"{_INDEX}/{name}/{version}/#files"),
        comment="installed from the one of these archives that fits the functions' processor",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=one) for one in hashes],
    )


def _licence(library: Distribution) -> License:
    """By its SPDX expression, or by what older libraries say of themselves. Raises ValueError when nothing is said."""
    said = library.metadata.json
    licence = said.get("license_expression") or said.get("license")
    if not licence:
        raise ValueError(f"{said['name']} names no licence")
    return LicenseFactory().make_from_string(str(licence))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
