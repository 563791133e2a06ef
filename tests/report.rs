//! What an audit hands on besides audit.json: the page, JUnit's XML, and the schema.

use noise_equilibrium::audit::{Audit, Options, Verdict, audit, schema};
use scraper::{ElementRef, Html, Selector};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Statements of each kind, the cheapest experiment among them.
const ONLY: [&str; 5] = ["T8", "C1", "L3", "L4", "P6"];

/// The report's folder, from one run of the program.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let output = Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"))
            .args(["audit", "--only", &ONLY.join(","), "--cases", "16", "--out"])
            .arg(folder.path())
            .output()
            .expect("the program");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        folder
    });
    made.path()
}

fn page() -> String {
    fs::read_to_string(folder().join("report.html")).expect("report.html")
}

fn report() -> Value {
    let json = fs::read_to_string(folder().join("audit.json")).expect("audit.json");
    serde_json::from_str(&json).expect("JSON")
}

fn all<'a>(page: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).collect()
}

/// All that a page must not have, and all that it lacks.
fn problems(text: &str) -> Vec<String> {
    let page = Html::parse_document(text);
    let mut found = Vec::new();
    let ids: Vec<&str> = all(&page, "[id]")
        .iter()
        .filter_map(|e| e.attr("id"))
        .collect();
    let set: HashSet<&str> = ids.iter().copied().collect();
    if set.len() < ids.len() {
        found.push("an id is there twice".to_owned());
    }
    for link in all(&page, "a") {
        match link.attr("href") {
            Some(href) if href.strip_prefix('#').is_some_and(|id| set.contains(id)) => {}
            Some(href) if href.starts_with("https://") => {}
            href => found.push(format!("the link {href:?} leads nowhere")),
        }
    }
    for label in all(&page, "[aria-labelledby]") {
        let id = label.attr("aria-labelledby").unwrap_or_default();
        if !set.contains(id) {
            found.push(format!("nothing is called {id}"));
        }
    }
    for element in all(&page, "*") {
        let name = element.value().name();
        if ["script", "iframe", "object", "embed"].contains(&name) {
            found.push(format!("a {name}"));
        }
        for (attribute, value) in element.value().attrs() {
            let resource = ["src", "srcset", "poster", "data", "xlink:href"].contains(&attribute)
                || (name != "a" && attribute == "href");
            if attribute.starts_with("on") || (resource && !value.starts_with("data:")) {
                found.push(format!("{name} has {attribute}={value}"));
            }
        }
    }
    if text.contains("@import") || text.contains("url(") {
        found.push("the style sheet loads something".to_owned());
    }
    for drawing in all(&page, "svg") {
        let mut above = drawing.ancestors().filter_map(ElementRef::wrap);
        let image = above.find(|element| element.attr("role") == Some("img"));
        if image
            .and_then(|image| image.attr("aria-label"))
            .is_none_or(|alt| alt.len() < 40)
        {
            found.push("a figure has no alternative text".to_owned());
        }
    }
    // Other statements' identifiers are links wherever they are.
    for section in all(&page, "section.statement") {
        let own = section.attr("id").unwrap_or_default();
        for text in section.descendants().filter(|node| node.value().is_text()) {
            let above = text.ancestors().filter_map(ElementRef::wrap);
            let mut names = above.map(|element| element.value().name());
            let plain = !names.any(|name| ["a", "code", "svg"].contains(&name));
            let words = text.value().as_text().map_or("", |text| &text.text);
            for word in words.split(|c: char| !c.is_alphanumeric()) {
                if plain && word != own && ONLY.contains(&word) {
                    found.push(format!("{word} in {own} is no link"));
                }
            }
        }
    }
    for id in ONLY {
        let linked = all(&page, &format!("a[href='#{id}']")).len();
        let claimed = all(&page, &format!("section[id='{id}'] > p")).len();
        if linked < 2 || claimed < 2 {
            found.push(format!("{id} has no link or no claim"));
        }
    }
    found
}

#[test]
fn the_page_is_whole_and_needs_nothing_else() {
    let text = page();
    assert_eq!(problems(&text), Vec::<String>::new());
    // And the test would see it.
    for (from, to) in [
        (
            "<section class=\"statement\" id=\"T8\"",
            "<section id=\"T9\"",
        ),
        ("<main>", "<main><script>1</script>"),
        (
            "<main>",
            "<main><img src=\"https://example.org/x.png\" alt=\"x\">",
        ),
        ("<main>", "<main onload=\"x()\">"),
        ("<main>", "<main><a href=\"page.html\">x</a>"),
        ("<main>", "<main id=\"T8\">"),
        ("id=\"L3-title\">", "id=\"L3-title\">T8 "),
        ("<style>", "<style>@import 'x.css';"),
        (
            "role=\"img\" aria-label=\"",
            "role=\"img\" aria-label=\"\" class=\"",
        ),
        ("<svg ", "</div><svg "),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(!problems(&changed).is_empty(), "{from} -> {to}");
    }
}

#[test]
fn the_page_says_what_the_report_says() {
    let (page, report) = (page(), report());
    let page = Html::parse_document(&page);
    let words = |element: &ElementRef| element.text().collect::<String>();
    let body = words(&all(&page, "body")[0]);
    for field in ["digest", "seed", "version"] {
        let value = report[field].to_string();
        assert!(body.contains(value.trim_matches('"')), "{field}");
    }
    let statements = report["statements"].as_array().expect("statements");
    assert_eq!(statements.len(), ONLY.len());
    for statement in statements {
        let id = statement["id"].as_str().expect("an identifier");
        let section = &all(&page, &format!("section[id='{id}']"))[0];
        let text = words(section);
        let checks = statement["checks"].as_array().expect("checks");
        let controls = statement["controls"].as_array().expect("controls");
        for named in checks.iter().chain(controls) {
            assert!(
                text.contains(named["name"].as_str().expect("a name")),
                "{id}: {named}"
            );
        }
        // A row for each check and each control, with its counts.
        let rows = Selector::parse("tbody tr").expect("a selector");
        let rows: Vec<String> = section.select(&rows).map(|row| words(&row)).collect();
        assert_eq!(rows.len(), checks.len() + controls.len(), "{id}");
        for (row, control) in rows[checks.len()..].iter().zip(controls) {
            assert!(row.ends_with("caught"), "{row}");
            assert!(row.contains(&control["caught"].to_string()), "{row}");
        }
    }
    // The figure of this run, and the numbers behind it.
    assert_eq!(all(&page, "figure svg").len(), 1);
    let findings = report["experiments"][0]["findings"]
        .as_array()
        .expect("findings");
    assert_eq!(all(&page, "figure tbody tr").len(), findings.len());
    let mean: f64 = findings[0]["mean"]
        .as_str()
        .expect("a number")
        .parse()
        .expect("a number");
    assert!(words(&all(&page, "figure tbody tr")[0]).contains(&format!("{mean:.4e}")));
}

/// A small audit, and the same with something that went wrong.
fn small() -> Audit {
    let options = Options {
        only: vec!["L3".to_owned()],
        cases: 16,
        ..Options::default()
    };
    audit(&options, |_, _| ()).expect("an audit")
}

fn broken() -> Audit {
    let mut audit = small();
    let statement = &mut audit.report.statements[0];
    statement.checks[0].refuted = 3;
    statement.checks[0].witness = Some("a < b && </td><script>alert(1)</script>".to_owned());
    (statement.controls[0].caught, statement.controls[0].missed) = (0, 16);
    statement.verdict = Verdict::Refuted;
    audit.report.verdict = Verdict::Refuted;
    audit
}

#[test]
fn what_failed_is_seen_and_harmless() {
    let text = broken().html().expect("a page");
    let page = Html::parse_document(&text);
    assert!(all(&page, "script").is_empty());
    let [witness] = all(&page, ".witness")[..] else {
        panic!("one witness")
    };
    assert!(
        witness
            .text()
            .collect::<String>()
            .contains("<script>alert(1)</script>")
    );
    let bad: Vec<String> = all(&page, ".bad")
        .iter()
        .map(|e| e.text().collect())
        .collect();
    assert_eq!(bad, ["refuted", "refuted", "refuted", "not caught"]);
    // Not to be opened first.
    assert_eq!(all(&page, "details[open]").len(), 1);
    let good = small().html().expect("a page");
    let good = Html::parse_document(&good);
    assert!(all(&good, ".bad").is_empty() && all(&good, "details[open]").is_empty());
}

#[test]
fn junit_has_a_case_for_each_check_and_control() {
    let text = fs::read_to_string(folder().join("junit.xml")).expect("junit.xml");
    let file = roxmltree::Document::parse(&text).expect("XML");
    let named = |name: &'static str| {
        let all = file
            .descendants()
            .filter(move |node| node.has_tag_name(name));
        all.collect::<Vec<_>>()
    };
    let report = report();
    let statements = report["statements"].as_array().expect("statements");
    assert_eq!(named("testsuite").len(), statements.len());
    for (suite, statement) in named("testsuite").iter().zip(statements) {
        let [checks, controls] =
            ["checks", "controls"].map(|field| statement[field].as_array().expect("a list").len());
        let cases = suite
            .children()
            .filter(|node| node.has_tag_name("testcase"));
        let names: BTreeSet<_> = cases.clone().map(|case| case.attribute("name")).collect();
        assert_eq!(cases.count(), checks + controls);
        assert_eq!(names.len(), checks + controls);
        assert_eq!(suite.attribute("failures"), Some("0"));
        assert_eq!(suite.attribute("errors"), Some("0"));
    }
    // What failed is a failure; what decided nothing an error.
    let outcome = |audit: &Audit| {
        let text = audit.junit().expect("XML");
        let file = roxmltree::Document::parse(&text).expect("XML");
        let suite = file
            .descendants()
            .find(|node| node.has_tag_name("testsuite"));
        let suite = suite.expect("a suite");
        ["failures", "errors"].map(|kind| suite.attribute(kind).map(str::to_owned))
    };
    let count = |n: &str| Some(n.to_owned());
    assert_eq!(outcome(&small()), [count("0"), count("0")]);
    assert_eq!(outcome(&broken()), [count("2"), count("0")]);
    let mut empty = small();
    let statement = &mut empty.report.statements[0];
    statement.checks[0].verified = 0;
    statement.verdict = Verdict::Inconclusive;
    assert_eq!(outcome(&empty), [count("0"), count("1")]);
}

/// The attributes that Jenkins' xUnit schema allows, the required ones first and counted.
const ATTRIBUTES: [(&str, usize, &[&str]); 7] = [
    (
        "testsuites",
        0,
        &["name", "time", "tests", "failures", "errors", "disabled"],
    ),
    (
        "testsuite",
        2,
        &[
            "name",
            "tests",
            "failures",
            "errors",
            "time",
            "disabled",
            "skipped",
            "timestamp",
            "hostname",
            "id",
            "package",
        ],
    ),
    ("properties", 0, &[]),
    ("property", 2, &["name", "value"]),
    (
        "testcase",
        1,
        &["name", "classname", "time", "assertions", "status", "group"],
    ),
    ("failure", 0, &["message", "type"]),
    ("error", 0, &["message", "type"]),
];

/// What each element may hold, in this order.
const CHILDREN: [(&str, &[&str]); 4] = [
    ("testsuites", &["testsuite"]),
    (
        "testsuite",
        &["properties", "testcase", "system-out", "system-err"],
    ),
    ("properties", &["property"]),
    ("testcase", &["failure", "error"]),
];

/// What Jenkins, and readers of times, would not take.
fn junit_problems(text: &str) -> Vec<String> {
    let file = roxmltree::Document::parse(text).expect("XML");
    let mut found = Vec::new();
    if !file.root_element().has_tag_name("testsuites") {
        found.push("no testsuites".to_owned());
    }
    for element in file.descendants().filter(|node| node.is_element()) {
        let name = element.tag_name().name();
        let Some((_, required, allowed)) = ATTRIBUTES.iter().find(|(known, ..)| *known == name)
        else {
            found.push(format!("an element {name}"));
            continue;
        };
        for attribute in element.attributes() {
            if !allowed.contains(&attribute.name()) {
                found.push(format!("{name} has {}", attribute.name()));
            }
        }
        for missing in &allowed[..*required] {
            if !element.has_attribute(*missing) {
                found.push(format!("{name} has no {missing}"));
            }
        }
        let children = CHILDREN.iter().find(|(known, _)| *known == name);
        let order = children.map_or(&[][..], |(_, order)| order);
        let inside = element.children().filter(|node| node.is_element());
        let places = inside.map(|child| order.iter().position(|o| child.has_tag_name(*o)));
        let places: Vec<_> = places.collect();
        if places.contains(&None) || !places.is_sorted() {
            found.push(format!("{name} holds other elements, or in another order"));
        }
        let count = |kind: &str| {
            let cases = element.descendants().filter(|node| node.has_tag_name(kind));
            Some(cases.count().to_string())
        };
        let timed = ["testsuites", "testsuite", "testcase"].contains(&name);
        if timed {
            let time = element.attribute("time").and_then(|time| time.parse().ok());
            if !time.is_some_and(|time: f64| time.is_finite() && time >= 0.0) {
                found.push(format!(
                    "{name} has the time {:?}",
                    element.attribute("time")
                ));
            }
        }
        if timed && name != "testcase" {
            for (attribute, kind) in [
                ("tests", "testcase"),
                ("failures", "failure"),
                ("errors", "error"),
            ] {
                if element.attribute(attribute).map(str::to_owned) != count(kind) {
                    found.push(format!("{name} counts {attribute} wrongly"));
                }
            }
        }
    }
    found
}

#[test]
fn junit_is_as_jenkins_reads_it() {
    let text = fs::read_to_string(folder().join("junit.xml")).expect("junit.xml");
    assert_eq!(junit_problems(&text), Vec::<String>::new());
    let mut broken = broken();
    let statement = &mut broken.report.statements[0];
    statement.checks[0].witness = Some("\u{0}\u{1b}[31m \u{fffe} ]]> \" ' é".to_owned());
    let failing = broken.junit().expect("XML");
    assert_eq!(junit_problems(&failing), Vec::<String>::new());
    assert!(
        failing.contains("[31m") && failing.contains('é'),
        "{failing}"
    );
    // The times are those of the cases, and add up.
    let file = roxmltree::Document::parse(&text).expect("XML");
    let seconds = |node: roxmltree::Node<'_, '_>| -> f64 {
        let time = node.attribute("time").expect("a time");
        time.parse().expect("a number")
    };
    for suite in file.root_element().children().filter(|n| n.is_element()) {
        let cases = suite.children().filter(|n| n.has_tag_name("testcase"));
        let sum: f64 = cases.map(seconds).sum();
        assert!(sum > 0.0 && (sum - seconds(suite)).abs() < 1e-3 * (1.0 + sum));
    }
    // And the test would see what is wrong.
    for (from, to) in [
        ("<testsuites ", "<testsuites skipped=\"0\" "),
        ("<testcase ", "<testcase file=\"x\" "),
        (" time=\"", " timed=\""),
        (" time=\"", " time=\"-"),
        ("<properties>", "<system-out/><properties>"),
        (" tests=\"", " tests=\"1"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(!junit_problems(&changed).is_empty(), "{from} -> {to}");
    }
}

#[test]
fn the_digest_knows_no_times() {
    let (one, other) = (small(), small());
    assert_eq!(one.report.digest, other.report.digest);
    let text = |audit: &Audit| audit.junit().expect("XML");
    assert_ne!(text(&one), text(&other), "two runs took the same time");
}

#[test]
fn a_report_fits_its_schema() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema/audit.json");
    let committed: Value =
        serde_json::from_str(&fs::read_to_string(file).expect("the schema")).expect("JSON");
    assert_eq!(
        committed,
        schema(),
        "stale: cargo run -- schema > docs/schema/audit.json"
    );
    let validator = jsonschema::validator_for(&committed).expect("a schema");
    let report = report();
    let errors: Vec<String> = validator
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    for (pointer, value) in [
        ("/digest", Value::from("0123")),
        ("/format", Value::from("noise-equilibrium/audit-2")),
        ("/seed", Value::from(-1)),
        ("/cases", Value::from("16")),
        ("/verdict", Value::from("fine")),
        ("/environment", Value::Null),
        ("/statements/0/checks/0/evidence", Value::from("faith")),
        ("/statements/0/checks/0/verified", Value::from(0.5)),
        ("/statements/0/checks/0/worst_margin", Value::from(3)),
        ("/statements/0/controls/0", Value::from("caught")),
        ("/experiments/0/findings/0/mean", Value::from(0.5)),
    ] {
        let mut changed = report.clone();
        *changed.pointer_mut(pointer).expect(pointer) = value;
        assert!(!validator.is_valid(&changed), "{pointer}");
    }
    let mut more = report.clone();
    more["statements"][0]["note"] = Value::from("x");
    assert!(!validator.is_valid(&more), "an unknown field");
    let mut less = report;
    less.as_object_mut().expect("a report").remove("digest");
    assert!(!validator.is_valid(&less), "a missing field");
}

fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let files = names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    files.into_iter().find(|file| file.is_file())
}

/// The document as the browser has it in the end, and what it wrote to its console.
fn render(browser: &Path, page: &Path) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let [out, err] = ["out", "err"].map(|name| folder.path().join(name));
    let mut child = Command::new(browser)
        // Everything it writes goes where it is cleaned up.
        .env("HOME", folder.path())
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
        ])
        .args([
            "--enable-logging=stderr",
            "--v=0",
            "--window-size=1200,900",
            "--dump-dom",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ))
        .arg(format!("file://{}", page.display()))
        .stdin(Stdio::null())
        .stdout(File::create(&out).expect("a file"))
        .stderr(File::create(&err).expect("a file"))
        .spawn()
        .expect("the browser");
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if started.elapsed() > Duration::from_secs(120) {
            child.kill().expect("a running browser");
            panic!("the browser hangs");
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let [out, err] = [out, err].map(|file| fs::read(file).expect("a file"));
    let err = String::from_utf8_lossy(&err).into_owned();
    assert!(status.success(), "{status}: {err}");
    let console = err.lines().filter(|line| line.contains(":CONSOLE"));
    (
        String::from_utf8_lossy(&out).into_owned(),
        console.map(str::to_owned).collect(),
    )
}

#[test]
fn a_browser_shows_the_page_without_complaint() {
    let Some(browser) = chromium() else {
        eprintln!("no chromium here: the page is not rendered");
        return;
    };
    let (document, console) = render(&browser, &folder().join("report.html"));
    assert_eq!(console, Vec::<String>::new());
    assert_eq!(problems(&document), Vec::<String>::new());
    assert!(document.contains(report()["digest"].as_str().expect("a digest")));
    // A page with an error is noticed.
    let copy = folder().join("broken.html");
    let script = "<script>document.querySelector('#T8').remove(); nothing()</script></body>";
    fs::write(&copy, page().replace("</body>", script)).expect("a page");
    let (document, console) = render(&browser, &copy);
    assert!(
        console
            .iter()
            .any(|line| line.contains("nothing is not defined")),
        "{console:?}"
    );
    assert!(
        problems(&document)
            .iter()
            .any(|problem| problem.contains("#T8"))
    );
}
