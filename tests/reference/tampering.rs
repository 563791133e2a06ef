//! Negative controls: whatever is changed in a file is noticed.

use crate::{assert_refused, family, run, text};
use noise_equilibrium::reference::{Difference, FAMILIES, Family, catalogue, check};
use std::fs;

/// `check` on the first entries of the family after this change to their text.
fn differences(name: &str, count: usize, change: impl Fn(&str) -> String) -> Vec<Difference> {
    let mut own = family(name);
    own.entries.truncate(count);
    let text = own.write().expect("a text");
    let changed = change(&text);
    assert_ne!(text, changed, "nothing changed");
    let read = Family::read(&changed).unwrap_or_else(|error| panic!("{error}"));
    let mut items = catalogue();
    items.retain(|item| item.family == name);
    items.truncate(count);
    check(&[read], &items, || ())
}

fn assert_found(found: &[Difference], id: &str, parts: &[&str]) {
    let whole: Vec<String> = found.iter().map(Difference::to_string).collect();
    let whole = whole.join("\n");
    let fits = |d: &Difference| d.id == id && parts.iter().all(|part| d.what.contains(part));
    assert!(found.iter().any(fits), "no {parts:?} of {id} in {whole:?}");
}

/// Another last digit.
fn other(digit: char) -> char {
    char::from_digit((digit.to_digit(10).expect("a digit") + 1) % 10, 10).expect("a digit")
}

/// Changes the last digit of the value after the first `marker`.
fn with_last_digit(text: &str, marker: &str) -> String {
    let start = text.find(marker).expect("the marker") + marker.len();
    let end = start + text[start..].find(['"', 'p']).expect("the end");
    let last = text[..end]
        .rfind(|c: char| c.is_ascii_digit())
        .expect("a digit");
    let digit = text[last..].chars().next().expect("a digit");
    format!("{}{}{}", &text[..last], other(digit), &text[last + 1..])
}

#[test]
fn nothing_changed_nothing_found() {
    let mut own = family("scaling");
    own.entries.truncate(2);
    let mut items = catalogue();
    items.retain(|item| item.family == "scaling");
    items.truncate(2);
    assert_eq!(check(&[own], &items, || ()), []);
}

#[test]
fn a_digit_of_an_enclosure() {
    for bound in ["lower", "upper"] {
        let marker = "\"lambda\": {\"double\":\"";
        let found = differences("scaling", 2, |text| {
            let at = text.find(marker).expect("λ*");
            let key = format!("\"{bound}\":\"");
            let head = &text[..at];
            format!("{head}{}", with_last_digit(&text[at..], &key))
        });
        let place = format!("lambda.{bound}");
        assert_found(
            &found,
            "scaling-01",
            &[&place, "computed again", "they differ by"],
        );
    }
}

#[test]
fn a_double_by_one_in_the_last_place() {
    let found = differences("scaling", 2, |text| {
        let marker = "\"lambda\": {\"double\":\"";
        let start = text.find(marker).expect("λ*") + marker.len();
        let end = start + text[start..].find('p').expect("an exponent");
        let bits = &text[end - 1..end];
        let digit = u32::from_str_radix(bits, 16).expect("a digit");
        format!("{}{:x}{}", &text[..end - 1], digit ^ 1, &text[end..])
    });
    assert_found(
        &found,
        "scaling-01",
        &["lambda.double", "(1 in the last place)"],
    );
}

#[test]
fn a_number_of_the_input() {
    let found = differences("scaling", 2, |text| with_last_digit(text, "\"gamma\":\""));
    assert_found(&found, "scaling-01", &["sha256"]);
    assert_found(&found, "scaling-01", &["problem"]);
    assert_found(&found, "scaling-01", &["lambda.lower"]);
}

/// With a hash that fits, the problem is still not the one of this version.
#[test]
fn an_input_with_a_hash_that_fits() {
    let mut own = family("scaling");
    own.entries.truncate(2);
    let mut items = catalogue();
    items.retain(|item| item.family == "scaling");
    items.truncate(2);
    // The second problem under the name of the first.
    let mut moved = own.entries[1].clone();
    moved.id = own.entries[0].id.clone();
    own.entries[0] = moved;
    let found = check(&[own], &items, || ());
    assert_found(
        &found,
        "scaling-01",
        &["problem: not the one of this version"],
    );
}

#[test]
fn the_hash() {
    let found = differences("scaling", 1, |text| with_last_digit(text, "\"sha256\": \""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_found(&found, "scaling-01", &["sha256"]);
}

#[test]
fn the_recorded_agreement_and_the_status() {
    let found = differences("scaling", 1, |text| {
        with_last_digit(text, "\"agreement\": ")
    });
    assert_found(&found, "scaling-01", &["agreement"]);
    let found = differences("scaling", 1, |text| {
        text.replace("\"finite\"", "\"degenerate\"")
    });
    assert_found(&found, "scaling-01", &["status", "degenerate", "finite"]);
}

#[test]
fn an_entry_that_is_missing_and_one_that_is_unknown() {
    let mut own = family("scaling");
    own.entries.truncate(2);
    own.entries.remove(0);
    let mut items = catalogue();
    items.retain(|item| item.family == "scaling");
    items.truncate(2);
    let found = check(&[own], &items, || ());
    assert_eq!(found.len(), 1, "{found:?}");
    assert_found(&found, "scaling-01", &["missing"]);
    let found = differences("scaling", 1, |text| {
        text.replace("scaling-01", "scaling-99")
    });
    assert_found(&found, "scaling-01", &["missing"]);
    assert_found(&found, "scaling-99", &["not one of the problems"]);
}

#[test]
fn the_program_says_which_and_exits_with_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().display().to_string();
    let file = folder.path().join("scaling.json");
    let whole = text("scaling");
    fs::write(&file, &whole).expect("a file");
    let held = run(&["reference", "check", &path, "--only", "scaling"]);
    let page = String::from_utf8_lossy(&held.stdout).into_owned();
    assert_eq!(held.status.code(), Some(0), "{held:?}");
    assert!(
        page.contains("17 reference values hold, each by two routes"),
        "{page}"
    );
    fs::write(&file, with_last_digit(&whole, "\"gamma\":\"")).expect("a file");
    let failed = run(&["reference", "check", &path, "--only", "scaling"]);
    let page = String::from_utf8_lossy(&failed.stdout).into_owned();
    assert_eq!(failed.status.code(), Some(1), "{failed:?}");
    assert!(
        page.contains("scaling-01: ") && page.contains("they differ by"),
        "{page}"
    );
}

#[test]
fn a_family_is_written_the_same_for_any_number_of_threads() {
    let folder = tempfile::tempdir().expect("a folder");
    for jobs in ["1", "3"] {
        let path = folder.path().join(jobs).display().to_string();
        let output = run(&[
            "reference",
            "write",
            &path,
            "--only",
            "scaling",
            "--jobs",
            jobs,
        ]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let written = fs::read_to_string(format!("{path}/scaling.json")).expect("a file");
        assert!(
            written == text("scaling"),
            "docs/reference/scaling.json is another text"
        );
    }
}

#[test]
fn files_that_are_none_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().display().to_string();
    let check = || run(&["reference", "check", &path, "--only", "scaling"]);
    assert_refused(&check(), &["scaling.json"]);
    let good = text("scaling");
    for (from, to, parts) in [
        ("reference-1", "reference-7", &["format", "reference-1"][..]),
        ("{", "", &["expected an object"]),
        (
            "\"family\": \"scaling\"",
            "\"family\": \"dense\"",
            &["family", "\"scaling\""],
        ),
        ("\"note\"", "\"nota\"", &["entries[0]", "nota"]),
        (
            "\"lower\":\"",
            "\"lower\":\"x",
            &["scaling-01", "lower", "not a number"],
        ),
        ("\"lower\":", "\"lowest\":", &["scaling-01", "lower"]),
        (
            "\"double\":\"",
            "\"double\":\"0x1.00000000000001p0\",\"double\":\"",
            &["duplicate field"],
        ),
        (
            "\"double\":\"0x1.",
            "\"double\":\"0x1.fffffffffffff",
            &["scaling-01", "double"],
        ),
        ("\"scaling-02\"", "\"scaling-01\"", &["scaling-01", "once"]),
        (
            "\"sha256\"",
            "\"note\": \"\", \"sha256\"",
            &["duplicate field `note`"],
        ),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(good, bad, "{from}");
        fs::write(folder.path().join("scaling.json"), bad).expect("a file");
        assert_refused(&check(), parts);
    }
    assert_refused(
        &run(&["reference", "check", &path, "--only", "nothing"]),
        &["--only", FAMILIES[0]],
    );
}
