#!/usr/bin/env python3
"""Holds what the theorems rest on against the table in README.md.

    audit.py OUTPUT                        OUTPUT is what `coqc Audit.v` printed
    audit.py --controls OUTPUT REFUSED...  sabotages each of the audit's inputs; every sabotage has to be caught

Exit code 0: all well. 1: a theorem rests on something else, or table, Audit.v and sources disagree.
2: the input cannot be read.
"""

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

# All that a theorem may rest on, in the words of the table.
AXIOMS = {
    "ClassicalDedekindReals.sig_forall_dec": "reals",
    "ClassicalDedekindReals.sig_not_dec": "reals",
    "FunctionalExtensionality.functional_extensionality_dep": "reals",
    "Classical_Prop.classic": "classical",
    "Epsilon.epsilon_statement": "choice",
}
WORDS = ["reals", "classical", "choice"]

# What no source may say, whether a theorem uses it or not: a gap in a proof, one of Coq's checks switched off,
UNPROVED = r"Admitted|admit|give_up|bypass_check|Unset\s+(?:Guard|Positivity|Universe)\s+Checking"
# an axiom, but in a module's type,
AXIOM = r"Axioms?|Conjectures?|Parameters?"
# and what is one where no section is open that ends it.
ASSUMED = r"Hypothes[ie]s|Variables?|Context"


def printed_assumptions(text):
    """{theorem: (file, [axiom])} from the output of Locate and Print Assumptions, in turns."""
    found, theorem = {}, None
    for line in text.splitlines():
        if match := re.fullmatch(r"Constant (?:NoiseEquilibrium\.)?([\w.']+)", line):
            *folders, theorem = match[1].split(".")
            if theorem in found:
                raise ValueError(f"Audit.v: {theorem} is printed twice")
            found[theorem] = ("/".join(folders) + ".v", None)
        elif line in ("Closed under the global context", "Axioms:"):
            if theorem is None or found[theorem][1] is not None:
                raise ValueError(f"output of Audit.v: no Locate before {line!r}")
            found[theorem] = (found[theorem][0], [])
        elif line.startswith("  ") or line == "":
            continue  # the type of an axiom, or where a shorter name is explained
        elif theorem is not None and found[theorem][1] is not None:
            found[theorem][1].append(line.split(" : ")[0].strip())
        else:
            raise ValueError(f"output of Audit.v: cannot read {line!r}")
    if open_ends := [name for name, (_, axioms) in found.items() if axioms is None]:
        raise ValueError(f"output of Audit.v: no assumptions for {', '.join(open_ends)}")
    if not found:
        raise ValueError("output of Audit.v: no theorem")
    return found


def table(text):
    """{theorem: (statement, file, axioms)} from the rows | statement | `file` | `theorem` | says | axioms |."""
    rows = {}
    for line in text.splitlines():
        cells = [cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if line.startswith("|") and len(cells) == 5 and re.fullmatch(r"[\w/]+\.v", cells[1]):
            if cells[2] in rows:
                raise ValueError(f"README.md: {cells[2]} has two rows")
            rows[cells[2]] = (cells[0], cells[1], cells[4])
    return rows


def stated_theorems(sources):
    """{theorem: file}: what the sources call Theorem is listed; what they call Lemma is a step on the way."""
    return {
        name: path
        for path, text in sources.items()
        for name in re.findall(r"^\s*Theorem ([\w']+)", text, re.MULTILINE)
    }


def without_comments(text):
    """Comments, which may be nested, and strings become a blank."""
    kept, depth, end = [], 0, 0
    for match in re.finditer(r'\(\*|\*\)|"[^"]*"', text):
        if depth == 0:
            kept.append(text[end : match.start()] + " ")
        depth = max(0, depth + {"(*": 1, "*)": -1}.get(match[0], 0))
        end = match.end()
    return "".join(kept) + text[end:]


def assumptions_in(text):
    """The words by which a source assumes what it does not prove."""
    opened = []  # The sections and modules that are open.
    for sentence in re.split(r"\.(?=\s|$)", without_comments(text)):
        if match := re.match(r"\s*(?:#\[.*?\]\s*)?(Section|Module\s+Type|Module|End)\b", sentence):
            kind = " ".join(match[1].split())
            if kind == "End":
                opened = opened[:-1]
            elif kind == "Section" or ":=" not in sentence:
                opened.append(kind)
        yield from re.findall(rf"\b(?:{UNPROVED})\b", sentence)
        if "Module Type" not in opened:
            yield from re.findall(rf"\b(?:{AXIOM})\b", sentence)
            if "Section" not in opened:
                yield from re.findall(rf"^\s*(?:#\[.*?\]\s*)?(?:Local\s+|Global\s+)?({ASSUMED})\b", sentence)


def complaints(output, readme, sources):
    printed, rows, stated = printed_assumptions(output), table(readme), stated_theorems(sources)
    places = {"Audit.v": printed, "the table in README.md": rows, "the sources": stated}
    for theorem in sorted(set().union(*places.values())):
        missing = [place for place, theorems in places.items() if theorem not in theorems]
        if missing:
            yield f"{theorem} is missing from {' and from '.join(missing)}"
    for path, text in sources.items():
        for word in assumptions_in(text):
            yield f"{path} has {' '.join(word.split())}, which is not allowed"
    for theorem, (path, axioms) in printed.items():
        for axiom in axioms:
            if axiom not in AXIOMS:
                yield f"{theorem} rests on {axiom}, which is not allowed"
        if theorem in stated and stated[theorem] != path:
            yield f"{theorem} is in {stated[theorem]}, but Audit.v looks at the one in {path}"
        if theorem in rows:
            statement, listed, words = rows[theorem]
            used = {AXIOMS.get(axiom, axiom) for axiom in axioms}
            actual = ", ".join(word for word in WORDS if word in used) or "none"
            if listed != path:
                yield f"{theorem} is in {path}, but the table says {listed}"
            if words != actual:
                yield f"{theorem} rests on: {actual}, but the table says: {words}"
            if not theorem.startswith(statement + "_"):
                yield f"{theorem} does not begin with its statement, {statement}"


def controls(output, readme, sources, refused):
    """What must be caught: (sabotage, the complaints it draws)."""
    if any(complaints(output, readme, sources)):
        raise ValueError("controls tell something only where the audit has no complaints to begin with")

    def drawn(output=output, readme=readme, sources=sources):
        return list(complaints(output, readme, sources))

    for path in refused:
        text = Path(path).read_text()
        theorem = next(iter(printed_assumptions(text)))
        yield path, [complaint for complaint in drawn(output + text) if complaint.startswith(f"{theorem} rests on")]
    first, (path, axioms) = next(iter(printed_assumptions(output).items()))
    row = next(line for line in readme.splitlines() if f"`{first}`" in line)
    statement = table(row)[first][0]
    words = "none" if axioms else "reals"
    yield "a theorem that Audit.v leaves out", drawn(output[output.index("Constant ", 1):])
    yield "a theorem without a row", drawn(readme=readme.replace(row, ""))
    yield "a row without a theorem", drawn(readme=f"{readme}\n{row.replace(first, first + '_again')}")
    yield "a row with the wrong file", drawn(readme=readme.replace(row, row.replace(path, "other/File.v")))
    yield "a row with the wrong axioms", drawn(readme=readme.replace(row, f"{row.rsplit('|', 2)[0]}| {words} |"))
    yield "a row under the wrong statement", drawn(readme=readme.replace(row, row.replace(statement, "L9", 1)))

    def added(text):
        return [complaint for complaint in drawn(sources=sources | {path: sources[path] + text}) if " has " in complaint]

    yield "an admitted lemma that no theorem uses", added("\nLemma nothing : False. Admitted.\n")
    yield "an admitted step", added("\nLemma nothing : False.\nProof. (* a comment *) admit. Qed.\n")
    yield "an axiom in a section", added("\nSection S.\nAxiom nothing : False.\nEnd S.\n")
    yield "a hypothesis after its section", added("\nSection S.\nEnd S.\nHypothesis nothing : False.\n")
    yield "a check switched off", added("\nUnset Guard Checking.\n")
    yield "a theorem that is in no list", drawn(sources=sources | {"other/File.v": "Theorem T8_new : True."})


def main(arguments):
    with_controls = arguments[:1] == ["--controls"]
    paths = arguments[1:] if with_controls else arguments
    if not paths or (len(paths) > 1 and not with_controls):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        output = Path(paths[0]).read_text()
        readme = (HERE / "README.md").read_text()
        listed = [line for line in (HERE / "_CoqProject").read_text().splitlines() if line.endswith(".v")]
        sources = {path: (HERE / path).read_text() for path in listed}
        if with_controls:
            failed = 0
            for sabotage, caught in controls(output, readme, sources, paths[1:]):
                print(f"{'caught' if caught else 'NOT CAUGHT'}: {sabotage}" + (f" ({caught[0]})" if caught else ""))
                failed += not caught
            return 1 if failed else 0
        found = list(complaints(output, readme, sources))
    except (OSError, ValueError) as error:
        print(f"audit.py: {error}", file=sys.stderr)
        return 2
    for complaint in found:
        print(complaint)
    if not found:
        print(f"{len(printed_assumptions(output))} theorems, no axioms but those of the table")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
