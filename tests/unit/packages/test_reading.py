"""What manifests of every ecosystem say of packages and dependencies, and what is done with those that are broken."""

from __future__ import annotations

import pytest

from pampax.packages.model import BrokenManifest, Ecosystem, Manifest, folded
from pampax.packages.reading import is_manifest, read_manifest, together


def said(path: str, content: str) -> tuple[list[tuple[str, str, str]], list[tuple[str, str]]]:
    """Packages and dependencies, as they are once all manifests of a repository are read."""
    (manifest,) = together([read_manifest(path, content)])
    packages = [(each.ecosystem.value, each.name, each.version) for each in manifest.packages]
    return packages, [(each.name, each.spec) for each in manifest.dependencies]


MANIFESTS = {
    "pyproject.toml": (
        (
            '[project]\nname = "a-b"\nversion = "1"\n'
            'dependencies = ["x[y]>=2,<3; python_version>\'3\'", "z @ git+https://h/z"]\n'
            '[project.optional-dependencies]\ndev = ["t"]\n'
            '[dependency-groups]\nlint = ["l~=1", {include-group = "dev"}]\n'
        ),
        [("python", "a-b", "1")],
        [("x", ">=2,<3"), ("z", "@ git+https://h/z"), ("t", ""), ("l", "~=1")],
    ),
    "lib/pyproject.toml": (
        (
            '[tool.poetry]\nname = "p"\nversion = "2"\n[tool.poetry.dependencies]\npython = "^3"\nq = "^1"\n'
            'r = {version = "*", extras = ["s"]}\n[tool.poetry.group.dev.dependencies]\nu = "1"\n'
        ),
        [("python", "p", "2")],
        [("q", "^1"), ("r", "*"), ("u", "1")],
    ),
    "setup.cfg": (
        (
            "[metadata]\nname = a\nversion = attr: a.version\n[options]\ninstall_requires =\n  b>=1\n  c\n"
            "[options.extras_require]\nd = e\n"
        ),
        [("python", "a", "")],
        [("b", ">=1"), ("c", ""), ("e", "")],
    ),
    "setup.py": (
        (
            "import setuptools\nNAME = 'a'\nNEEDS = ['b>1']\nif __name__ == '__main__':\n    setuptools.setup(\n"
            "        name=NAME, version=read(), install_requires=NEEDS, extras_require={'d': ['c']})\n"
        ),
        [("python", "a", "")],
        [("b", ">1"), ("c", "")],
    ),
    "requirements-dev.txt": ("-r base.txt\n# told\na==1  # why\n./here\nb\n", [], [("a", "==1"), ("b", "")]),
    "Pipfile": ('[packages]\na = "*"\n[dev-packages]\nb = {version = "1"}\n', [], [("a", "*"), ("b", "1")]),
    "package.json": (
        '{"name": "@a/b", "version": "1", "dependencies": {"c": "^1"}, "devDependencies": {"d": "workspace:*"}}',
        [("node", "@a/b", "1")],
        [("c", "^1"), ("d", "workspace:*")],
    ),
    "composer.json": (
        (
            '{"name": "a/b", "require": {"php": ">=8", "ext-json": "*", "c/d": "^2"}, '
            '"autoload": {"psr-4": {"A\\\\B\\\\": "src/"}}}'
        ),
        [("php", "a/b", "")],
        [("c/d", "^2")],
    ),
    "go.mod": (
        (
            "module example.com/a/v2 // ours\n\ngo 1.22\n\nrequire example.com/b v1.0.0\nrequire (\n"
            "\texample.com/c/d v0.1.0 // indirect\n)\nreplace example.com/b => ../b\n"
        ),
        [("go", "example.com/a/v2", "")],
        [("example.com/b", "v1.0.0"), ("example.com/c/d", "v0.1.0")],
    ),
    "Cargo.toml": (
        (
            '[package]\nname = "a-b"\nversion = "1"\n[dependencies]\nc = "1"\nd = {version = "2", package = "e"}\n'
            'f = {workspace = true}\n[target."cfg(unix)".dependencies]\ng = "3"\n[workspace.dependencies]\nf = "4"\n'
        ),
        [("rust", "a-b", "1")],
        [("c", "1"), ("e", "2"), ("f", ""), ("f", "4"), ("g", "3")],
    ),
    "a.gemspec": (
        (
            "Gem::Specification.new do |s|\n  s.name = 'a'\n  s.version = '1'\n  s.add_dependency 'b', '>= 1', '< 2'\n"
            "  s.add_development_dependency(\"c\")\n  # s.add_dependency 'gone'\nend\n"
        ),
        [("ruby", "a", "1")],
        [("b", ">= 1, < 2"), ("c", "")],
    ),
    "Gemfile": ("source 'https://h'\ngem 'a', '~> 1'\ngem \"b\"\n", [], [("a", "~> 1"), ("b", "")]),
    "mix.exs": (
        (
            'defmodule A.MixProject do\n  @version "1.2"\n  def project do\n'
            "    [app: :a, version: @version, deps: deps()]\n"
            '  end\n  defp deps do\n    [{:b, "~> 1"}, {:c, path: "../c"},\n     # {:gone, "1"}\n    ]\n  end\n'
            '  defp other do\n    {:ok, "no"}\n  end\nend\n'
        ),
        [("elixir", "a", "1.2")],
        [("b", "~> 1"), ("c", "")],
    ),
    "pubspec.yaml": (
        (
            "name: a\nversion: 1.0.0\n\ndependencies:\n  b: ^1.0.0\n  flutter:\n    sdk: flutter\n\ndev_dependencies:\n"
            "  # why\n  c: any\nflutter:\n  uses: x\n"
        ),
        [("dart", "a", "1.0.0")],
        [("b", "^1.0.0"), ("flutter", ""), ("c", "any")],
    ),
    "pom.xml": (
        (
            '<project xmlns="http://maven.apache.org/POM/4.0.0"><parent><groupId>g</groupId><artifactId>up</artifactId>'
            "<version>7</version></parent><artifactId>a</artifactId><dependencies><dependency>"
            "<groupId>${project.groupId}</groupId><artifactId>b</artifactId><version>${project.version}</version>"
            "</dependency></dependencies></project>"
        ),
        [("jvm", "g:a", "7")],
        [("g:b", "7"), ("g:up", "7")],
    ),
    "core/build.gradle.kts": (
        (
            'group = "g"\nversion = "1"\ndependencies {\n    implementation("h:b:2")\n    // api("h:gone:1")\n'
            '    api(project(":other"))\n}\n'
        ),
        [("jvm", "g:core", "1")],
        [("h:b", "2")],
    ),
    "gradle/libs.versions.toml": (
        (
            '[versions]\nv = "1"\n[libraries]\na = {module = "g:a", version.ref = "v"}\nb = {group = "g", name = "b"}\n'
            'c = "g:c:3"\n'
        ),
        [],
        [("g:a", "1"), ("g:b", ""), ("g:c", "3")],
    ),
    "build.sbt": (
        (
            'ThisBuild / organization := "g"\nlazy val a = project.settings(moduleName := "a-core",\n'
            '  libraryDependencies += "h" %% "b" % "1")\nval c = "h" %%% "c" % V.c\n'
        ),
        [("jvm", "g:a-core", "")],
        [("h:b", "1"), ("h:c", "V.c")],
    ),
    "src/A.B.csproj": (
        (
            '<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup>'
            "<PackageId>A</PackageId><Version>1</Version></PropertyGroup>"
            "<ItemGroup>"
            '<PackageReference Include="C" Version="2"/><PackageReference Include="D"/></ItemGroup></Project>'
        ),
        [("dotnet", "A", "1")],
        [("C", "2"), ("D", "")],
    ),
}


@pytest.mark.parametrize("path", MANIFESTS)
def test_packages_and_dependencies(path: str) -> None:
    content, packages, dependencies = MANIFESTS[path]
    assert is_manifest(path)
    assert said(path, content) == (packages, dependencies)


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("pyproject.toml", "[project\n", "Expected"),
        ("setup.cfg", "name = a\n", "no section headers"),
        ("setup.py", "setup(name=\n", "never closed"),
        ("package.json", '{"name": ', "Expecting value"),
        ("package.json", "[1]", "holds no object"),
        ("package.json", "[" * 100_000, "recursion"),
        ("Cargo.toml", "a = b", "Invalid value"),
        ("pom.xml", "<project>", "no element found"),
        ("pom.xml", '<!DOCTYPE a [<!ENTITY b "c">]><project/>', "declares a document type"),
        ("A.csproj", "no", "syntax error"),
    ],
)
def test_a_broken_manifest_says_why(path: str, content: str, message: str) -> None:
    with pytest.raises(BrokenManifest, match=message):
        read_manifest(path, content)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("pyproject.toml", "project = 3\n[tool]\npoetry = []\n"),
        ("package.json", '{"name": 3, "version": [], "dependencies": [1], "exports": {"a": {"b": 1}}, "main": {}}'),
        ("composer.json", '{"name": {}, "require": 1, "autoload": {"psr-4": {"A": [1, null]}}}'),
        ("Cargo.toml", "package = 1\ndependencies = 2\ntarget = {a = 1}\n"),
        ("setup.py", "setup(name=name(), install_requires=None)\n"),
        ("pom.xml", "<a/>"),
        ("gradle/libs.versions.toml", "libraries = 1\n"),
        ("go.mod", ""),
        ("pubspec.yaml", "- a\n"),
    ],
)
def test_values_of_another_kind_are_none(path: str, content: str) -> None:
    assert said(path, content) == ([], [])


def test_an_artifact_of_sbt_may_have_its_group_from_elsewhere() -> None:
    built = read_manifest("build.sbt", 'moduleName := "cats-core"\nname := "core"\n')
    (manifest,) = together([built])
    assert [each.name for each in manifest.packages] == ["cats-core"]
    needed = read_manifest("project/D.scala", '"org.typelevel" %%% "cats-core" % V.cats').dependencies[0]
    assert manifest.packages[0].key in needed.keys


def test_packages_of_gradle_get_the_group_of_a_folder_above() -> None:
    texts = {
        "gradle.properties": "group=g.h\n",
        "settings.gradle.kts": 'rootProject.name = "root"\n',
        "a/build.gradle.kts": "",
        "b/c/build.gradle": "group 'own'\n",
        "b/c/d/build.gradle": "",
    }
    manifests = together(read_manifest(path, text) for path, text in texts.items())
    assert [each.name for manifest in manifests for each in manifest.packages] == [
        "g.h:a", "own:c", "own:d", "g.h:root",
    ]  # fmt: skip
    assert together([Manifest("a/build.gradle"), read_manifest("a/build.gradle", "")])[1].packages == ()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("package.json", True),
        ("packages/a/package.json", True),
        ("node_modules/a/package.json", False),
        ("tests/fixtures/a/package.json", False),
        ("examples/a/pyproject.toml", False),
        ("package-lock.json", False),
        ("docs/requirements.txt", False),
        ("requirements/dev.txt", True),
        ("project/Dependencies.scala", True),
        ("src/Dependencies.scala", False),
        ("IntegrationTests/A.csproj", False),
    ],
)
def test_manifests_of_tests_and_of_others_are_not_read(path: str, expected: bool) -> None:
    assert is_manifest(path) is expected


@pytest.mark.parametrize(
    ("ecosystem", "one", "other"),
    [
        (Ecosystem.PYTHON, "A_b.C", "a-b-c"),
        (Ecosystem.RUST, "a_b", "a-b"),
        (Ecosystem.DOTNET, "A.B", "a.b"),
        (Ecosystem.JVM, "g:a_2.13", "g:a"),
        (Ecosystem.JVM, "g:a_sjs1_3", "g:a"),
        (Ecosystem.JVM, "g:a-jvm", "g:a"),
    ],
)
def test_spellings_of_one_name_are_one(ecosystem: Ecosystem, one: str, other: str) -> None:
    assert folded(ecosystem, one) == folded(ecosystem, other)
