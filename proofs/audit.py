#!/usr/bin/env python3
"""Holds what the theorems rest on, and speak of, against the tables in README.md.

    audit.py --queries [SOURCE...]           prints what coqc has to answer: about all sources, or these alone
    audit.py ANSWERS                         ANSWERS is what coqc said to that, with coqchk's summary below
    audit.py --recheck SUMMARY               SUMMARY is coqchk's alone
    audit.py --controls ANSWERS REFUSED...   sabotages each of the audit's inputs; every sabotage has to be caught

Exit code 0: all well. 1: a theorem rests on something else, or tables and sources disagree.
2: the input cannot be read.
"""

import itertools
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

# All that a theorem may rest on: its full name, the word for it in the table, and what it says.
AXIOMS = {
    "Coq.Reals.ClassicalDedekindReals.sig_forall_dec": (
        "reals",
        "forall P : nat -> Prop, (forall n : nat, {P n} + {~ P n}) -> {n : nat | ~ P n} + {forall n : nat, P n}",
    ),
    "Coq.Reals.ClassicalDedekindReals.sig_not_dec": ("reals", "forall P : Prop, {~ ~ P} + {~ P}"),
    "Coq.Logic.FunctionalExtensionality.functional_extensionality_dep": (
        "reals",
        "forall (A : Type) (B : A -> Type) (f g : forall x : A, B x), (forall x : A, f x = g x) -> f = g",
    ),
    "Coq.Logic.Classical_Prop.classic": ("classical", "forall P : Prop, P \\/ ~ P"),
    "Coq.Logic.Epsilon.epsilon_statement": (
        "choice",
        "forall (A : Type) (P : A -> Prop), inhabited A -> {x : A | (exists x0 : A, P x0) -> P x}",
    ),
}
WORDS = ["reals", "classical", "choice"]
# Coq prints an axiom by the end of its name, file and all.
SHORT = {".".join(name.split(".")[-2:]): name for name in AXIOMS}

# What the libraries have besides, on which no theorem rests: the processor's numbers, what a module hides, and the
# axioms of mathcomp's own analysis.
LOADED = (
    r"Coq\.(?:Numbers\.Cyclic\.Int63\.(?:PrimInt63|Uint63)|Floats\.(?:PrimFloat|FloatAxioms)"
    r"|Reals\.Rdefinitions\.R\w+Impl|ssr\.ssrunder\.Under_rel)\..*|mathcomp\..*"
)

# All that a sentence of a source may begin with, a tactic apart: whatever else assumes something is not here.
SAID = (
    r"Lemma|Theorem|Example|Definition|Fixpoint|Record|Inductive|Let|Proof|Qed|Goal|Abort|Ltac"
    r"|Fail (?:enclose|Check|\(apply)"
    r"|Section|End|Module (?:Float := SpecificFloat StdZRadix2|Enclose := Tactic\.IntervalTactic Float)$"
    r"|Implicit Types?|Local Notation(?= \w+ :=| := \(real_complex R x\)$)|Local Open Scope|Import"
    r"|Set Implicit Arguments|Unset Strict Implicit|Unset Printing Implicit Defensive"
    r"|From (?:Coq|Coquelicot|Interval|mathcomp|NoiseEquilibrium\.(?:analysis|algebra)) Require"
)
TACTIC = r"[a-z]"
# What has a name, which nothing else in the file may have: Coq would be asked about the other.
NAMED = r"Lemma|Theorem|Example|Definition|Fixpoint|Record|Inductive|Let|Ltac|Section|Module"
# What a section ends; nothing does where none is open.
ASSUMED = r"Hypothes[ie]s|Variables?|Context"
# A gap in a proof.
GAP = r"admit|give_up"
# Another language, with comments of its own.
QUOTED = r"\{\{|\blp\s*:"

# Types of numbers, vectors and the like, which have members. All else that is defined is a notion, and all else that a
# section takes is an assumption.
VALUE = (
    r"R|F|Q|nat|bool|finType|comRingType|numFieldType|realFieldType|rcfType|term|spectrum|status|problem|vector"
    r"|list \w+|'(?:M|cV|rV)\[[FR]\]_(?:\w+|\([^()]*\))"
)
FUNCTION = rf"(?:forall i(?: : nat)?, )?(?:(?:{VALUE}|[IJZ]|'I_N) -> )*(?:{VALUE})"
TAKEN = rf"[({{]?(?:[\w']+ )+: (?:Type|{FUNCTION})[)}}]?"
FIELDS = rf"(?:[\w']+ : (?:{FUNCTION})(?:; )?)*"
NO_NOTION = (
    rf"(?:Definition|Fixpoint) [\w']+(?: [\w']+| [({{][\w' ]+ : [^:]*[)}}])*"
    rf" : (?:{FUNCTION}|(?:pred )?{{ffun 'I_B -> 'I_N}}) :=.*"
    rf"|Definition \w+ : Type := (?:{FUNCTION}|\((?:{VALUE}) \* (?:{VALUE})\)%type)"
    rf"|Record \w+ : Type := \w+ {{ {FIELDS} }}|Inductive \w+ : Type := \w+(?: \| \w+)+"
)
# All that _CoqProject may say besides the sources.
OPTIONS = ["-Q . NoiseEquilibrium", "-arg -w -arg -ambiguous-paths"]


def without_comments(text):
    """Comments, which may be nested, and strings become a blank."""
    kept, depth, end = [], 0, 0
    for match in re.finditer(r'\(\*|\*\)|"[^"]*"', text):
        if depth == 0:
            kept.append(text[end : match.start()] + " ")
        depth = max(0, depth + {"(*": 1, "*)": -1}.get(match[0], 0))
        end = match.end()
    return "".join(kept) + text[end:]


def sentences(text):
    """(sentence, the sections and modules that are open there)."""
    opened = []
    for sentence in re.split(r"\.(?=\s|$)", without_comments(text)):
        # Without bullets, braces and the goal's number.
        sentence = " ".join(re.sub(r"^(?:[-+*{}\s]|(?:\d+|all)\s*:)*", "", sentence).split())
        if sentence:
            yield sentence, list(opened)
        if match := re.match(r"(Section|Module|End)\b ?(\w*)", sentence):
            opened = opened[:-1] if match[1] == "End" else opened + [(match[1], match[2])]


def section(opened):
    """The innermost section, if one is open."""
    return next((name for kind, name in reversed(opened) if kind == "Section"), None)


def not_allowed(text):
    """What a source says though it may not."""
    yield from re.findall(QUOTED, text)
    known, begun = set(), None
    for sentence, opened in sentences(text):
        if match := re.match(rf"({NAMED}|Goal)\b ?([\w']*)", sentence):
            begun = match[1]
            if begun != "Goal" and match[2] in known:
                yield f"two of the name {match[2]}"
            known.add(match[2])
        if sentence.startswith("Abort") and begun != "Goal":
            yield f"an Abort of a {begun}"
        if match := re.match(r"(Fixpoint|Record|Inductive) .* with \w", sentence):
            yield f"a {match[1]} with another"
        # A type of another meaning.
        if match := re.match(rf"(?:Local Notation|Let|Definition(?! \w+ : Type :=)) (?:{VALUE})\b", sentence):
            if not re.search(r":= (?:Rdefinitions\.R$|\(Q_of )", sentence):
                yield match[0]
        allowed = f"{SAID}|{ASSUMED}" if section(opened) else SAID
        if not re.match(rf"{TACTIC}|(?:{allowed})\b", sentence):
            yield " ".join(sentence.split()[:3])
        yield from re.findall(rf"\b(?:{GAP})\b", sentence)


def named(kinds, sources):
    """{name: file} of what the sources call a Theorem, or an Example."""
    found = {}
    for path, text in sources.items():
        for sentence, _ in sentences(text):
            if match := re.match(rf"(?:{kinds}) ([\w']+)", sentence):
                if match[1] in found:
                    raise ValueError(f"{match[1]} is in {found[match[1]]} and in {path}")
                found[match[1]] = path
    return found


def queries(sources):
    """What Coq is asked. Nothing is imported, so that no source can give a name or a sign another meaning."""
    modules = {path: "NoiseEquilibrium." + path.removesuffix(".v").replace("/", ".") for path in sources}
    yield from (f"Require {module}." for module in modules.values())
    yield "Set Printing Width 10000."
    yield from (f"Locate {name}." for name in SHORT)
    yield "Print LoadPath."
    for name, path in named("Theorem|Example", sources).items():
        yield f"Locate {modules[path]}.{name}. Print Assumptions {modules[path]}.{name}."


def answers(text):
    """What Coq said: where the short names lead, its folders, {theorem: (file, {axiom: type})}, coqchk's summary."""
    located, _, said = text.partition("Logical Path / Physical path:\n")
    said, _, summary = said.partition("CONTEXT SUMMARY\n")
    places = re.findall(r"^\s*\w+ ([\w.']+)( \(shorter name .*\))?$", located, re.MULTILINE)
    folders, found, theorem, axiom = [], {}, None, None
    for line in said.splitlines():
        if theorem is None and (match := re.fullmatch(r"(\S+) (/.*)", line)):
            folders.append((match[1], match[2]))
        elif match := re.fullmatch(r"Constant NoiseEquilibrium\.([\w.]+)\.([\w']+)(?: \(shorter name .*\))?", line):
            theorem, axiom = match[2], None
            if theorem in found:
                raise ValueError(f"Coq's answers: {theorem} comes twice")
            found[theorem] = (match[1].replace(".", "/") + ".v", None)
        elif line in ("Closed under the global context", "Axioms:") and theorem and found[theorem][1] is None:
            found[theorem] = (found[theorem][0], {})
        elif line.startswith("  ") and axiom:
            found[theorem][1][axiom] += " " + line.strip()
        elif line and theorem and found[theorem][1] is not None:
            axiom, _, says = line.partition(" : ")
            found[theorem][1][axiom] = says
        elif line:
            raise ValueError(f"Coq's answers: cannot read {line!r}")
    if unanswered := [name for name, (_, axioms) in found.items() if axioms is None]:
        raise ValueError(f"Coq's answers: no assumptions for {', '.join(unanswered)}")
    if not (located and folders and found and summary):
        raise ValueError("Coq's answers: no names, no folders, no theorem, or no summary of coqchk")
    return places, folders, found, summary


def summary_complaints(summary):
    """coqchk knows every axiom that is loaded by its full name, used or not."""
    entries, heading = {}, None
    for line in summary.splitlines():
        if match := re.match(r"\* ([^:]+): ?(.*)", line):
            heading = match[1]
            entries[heading] = [match[2]] if match[2] else []
        elif heading and line.strip():
            entries[heading].append(line.strip())
    if entries.pop("Theory", None) != ["Set is predicative"]:
        yield "coqchk: Set is not predicative"
    axioms = [axiom for axiom in entries.pop("Axioms", []) if axiom != "<none>"]
    if missing := sorted(set(AXIOMS) - set(axioms)):
        yield f"coqchk's list of axioms is no such list: {missing[0]} is not in it"
    for axiom in axioms:
        if axiom not in AXIOMS and not re.fullmatch(LOADED, axiom):
            yield f"{axiom} is loaded, which is not allowed"
    if len(entries) != 3:
        yield f"coqchk's summary has {len(entries) + 2} parts, not 5"
    for heading, entry in entries.items():
        if entry != ["<none>"]:
            yield f"coqchk: {heading}: {', '.join(entry)}"


def folder_complaints(folders):
    """A library's name has to be its place in Coq's own folder."""
    home = next((folder.removesuffix("/theories") for name, folder in folders if name == "Coq"), None)
    for name, folder in folders:
        first, *rest = name.split(".")
        start = {"NoiseEquilibrium": str(HERE), "Coq": f"{home}/theories"}.get(first, f"{home}/user-contrib/{first}")
        # Without a name before it a file cannot pass for one of a library.
        if name != "<>" and folder != "/".join([start, *rest]):
            yield f"{name} is {folder}, which is not where it belongs"


def rows(readme, cells, file):
    """The rows of so many cells that name a file in one of them."""
    for line in readme.splitlines():
        row = [cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if len(row) == cells and re.fullmatch(r"[\w/]+\.v", row[file]):
            yield row


def table(readme):
    """{theorem: (statement, file, axioms)} from | statement | `file` | `theorem` | says | axioms |."""
    found = {}
    for statement, file, theorem, _, axioms in rows(readme, 5, 1):
        if theorem in found:
            raise ValueError(f"README.md: {theorem} has two rows")
        found[theorem] = (statement, file, axioms)
    return found


def instances(readme):
    """{(file, assumption): instance} from | `file` | `assumption`, … | `instance` |."""
    return {
        (file, assumption): instance
        for file, assumptions, instance in rows(readme, 3, 0)
        for assumption in re.split("`?, `?", assumptions)
    }


def assumptions(sources):
    """{(file, assumption): names}: what theorems assume, and the names of which an instance has to use one. A notion is
    to be in the statement; where a section assumes something, one of its theorems is to be applied in the proof."""
    found = {}
    for path, text in sources.items():
        assuming = {}
        for sentence, opened in sentences(text):
            if match := re.match(r"(?:Definition|Fixpoint|Record|Inductive) ([\w']+)", sentence):
                if not re.fullmatch(NO_NOTION, sentence):
                    found[path, match[1]] = [match[1]]
            elif re.match(rf"(?:{ASSUMED})\b", sentence) and not re.fullmatch(rf"\w+(?: {TAKEN})+", sentence):
                found[path, f"Section {section(opened)}"] = assuming.setdefault(section(opened), [])
            elif match := re.match(r"(?:Theorem|Lemma) ([\w']+)", sentence):
                for kind, name in opened:
                    assuming.get(name, []).append(match[1])
    return found


def proofs(sources):
    """{name: (statement, the words of its proof)}"""
    found, name = {}, None
    for text in sources.values():
        for sentence, _ in sentences(text):
            if match := re.match(r"(?:Theorem|Example|Lemma) ([\w']+)(.*)", sentence):
                name = match[1]
                found[name] = (match[2], set())
            elif name:
                found[name][1].update(re.findall(r"[\w']+", sentence))
    return found


def applied(name, proved):
    """What the proof applies, and what the proofs of that do."""
    seen, new = set(), {name}
    while new:
        seen |= new
        new = {word for known in new for word in proved[known][1] if word in proved} - seen
    return seen


def names(statement):
    """Those that are no abbreviations."""
    return set(re.findall(r"[\w']{4,}", statement))


def conjuncts(statement):
    """What a conjunction of predicates, be it of something that exists, says: the first word of each part."""
    # What is bound has its colon in parentheses.
    depth = itertools.accumulate({"(": 1, ")": -1}.get(letter, 0) for letter in statement)
    text = statement[next(i for i, level in enumerate(depth) if level == 0 and statement[i] == ":") + 1 :].strip()

    # From within, arguments become a blank, and other parentheses are left out.
    def without(match):
        return match[2] if match[1] is None else f"{match[1]} _"

    while (shorter := re.sub(r"([\w')\]>=*+-] ?)?[(\[]([^()\[\]]*)[)\]]", without, text, 1)) != text:
        text = shorter
    allowed = re.fullmatch(r"(?:[\w'@.%:,&\s]|/\\|\\in)*", text)
    return set(re.findall(r"(?:^|,|&|/\\)\s*@?([\w']+)", text)) if allowed else set()


def complaints(output, readme, sources, options=OPTIONS):
    places, folders, printed, summary = answers(output)
    listed, stated, examples = table(readme), named("Theorem", sources), named("Example", sources)
    yield from (f"_CoqProject has {option}, which is not allowed" for option in options if option not in OPTIONS)
    yield from folder_complaints(folders)
    yield from summary_complaints(summary)
    # A short name is an axiom's if nothing else in the whole of what is loaded ends like it.
    for place in sorted(set(places) ^ {(name, "") for name in AXIOMS}):
        known = place[0] in AXIOMS
        yield f"{place[0]} is not found by its name" if known else f"the name of an axiom leads to {place[0]}"
    everywhere = {"Coq's answers": printed, "the sources": stated | examples, "the tables in README.md":
                  set(listed) | set(examples) & set(instances(readme).values())}
    for theorem in sorted(set().union(*everywhere.values())):
        missing = [place for place, theorems in everywhere.items() if theorem not in theorems]
        if missing:
            yield f"{theorem} is missing from {' and from '.join(missing)}"
    for path, text in sources.items():
        for said in not_allowed(text):
            yield f"{path} has {said}, which is not allowed"
    for theorem, (path, axioms) in printed.items():
        for axiom, says in axioms.items():
            if axiom not in SHORT:
                yield f"{theorem} rests on {axiom}, which is not allowed"
            elif says != AXIOMS[SHORT[axiom]][1]:
                yield f"{theorem} rests on {axiom}, which says: {says}"
        if (stated | examples).get(theorem, path) != path:
            yield f"{theorem} is in {(stated | examples)[theorem]}, but Coq was asked for the one in {path}"
        if theorem in listed:
            statement, file, words = listed[theorem]
            used = {AXIOMS[SHORT[axiom]][0] for axiom in axioms if axiom in SHORT}
            actual = ", ".join(word for word in WORDS if word in used) or "none"
            if file != path:
                yield f"{theorem} is in {path}, but the table says {file}"
            if words != actual:
                yield f"{theorem} rests on: {actual}, but the table says: {words}"
            if not theorem.startswith(statement + "_"):
                yield f"{theorem} does not begin with its statement, {statement}"
    yield from instance_complaints(readme, sources, printed)


def instance_complaints(readme, sources, printed):
    """Whatever is assumed has to be true of something."""
    assumed, given, proved = assumptions(sources), instances(readme), proofs(sources)
    for path, assumption in sorted(set(assumed) | set(given)):
        where, instance = f"{path}: {assumption}", given.get((path, assumption))
        if (path, assumption) not in assumed:
            yield f"{where} is assumed nowhere, and has an instance"
        elif instance is None:
            yield f"{where} has no instance"
        elif instance not in printed or instance not in proved:
            yield f"{where}: {instance} is no theorem"
        # Without a premise, or another way out, it speaks of something that exists.
        elif re.search(r"(?<!<)->|\bforall\b|∀|~|\\/|(?<!_)[({][\w' ]+ :(?!=)", proved[instance][0]):
            yield f"{where}: {instance} has a premise"
        elif assumption.startswith("Section "):
            used = applied(instance, proved) & set(assumed[path, assumption])
            if not names(proved[instance][0]) & set().union(*(names(proved[theorem][0]) for theorem in used)):
                yield f"{where}: {instance} is no instance of it"
        elif assumption not in conjuncts(proved[instance][0]):
            yield f"{where}: {instance} is no instance of it"


def controls(output, readme, sources, refused):
    """What must be caught: (sabotage, the complaints it draws)."""
    if complaint := next(complaints(output, readme, sources), None):
        raise ValueError(f"controls tell something only where the audit has no complaints to begin with: {complaint}")

    def drawn(*sabotage, **inputs):
        for before, after in [sabotage] if sabotage else []:
            if before not in output:
                raise ValueError(f"nothing to sabotage: {before}")
            inputs["output"] = output.replace(before, after, 1)
        return list(complaints(**{"output": output, "readme": readme, "sources": sources} | inputs))

    # Files that assume something, by what Coq says of them, what coqchk says, and what they say.
    for answer in refused:
        path, text = answer.replace(".out", ".v"), Path(answer).read_text()
        seen = drawn(output=text)
        if any(axioms for _, axioms in answers(text)[2].values()):
            yield f"{path}, seen by Coq", [said for said in seen if re.search(" rests on [^:]*, | leads to ", said)]
        yield f"{path}, seen by coqchk", [said for said in seen if re.search(" is loaded|^coqchk: ", said)]
        yield f"{path}, read", list(not_allowed((HERE / path).read_text()))

    _, _, printed, _ = answers(output)
    first, (path, axioms) = next((name, found) for name, found in printed.items() if "Classical_Prop.classic" in found[1])
    row = next(line for line in readme.splitlines() if f"`{first}`" in line)
    statement = table(readme)[first][0]
    yield "an axiom of the same name that says something else", drawn(AXIOMS["Coq.Logic.Classical_Prop.classic"][1], "False")
    yield "a library from another folder", drawn("\nCoq.Logic /", "\nCoq.Logic /tmp/")
    yield "an axiom that only coqchk knows", drawn("* Axioms:\n", "* Axioms:\n    NoiseEquilibrium.analysis.Sum.false\n")
    yield "an axiom of a library that is not in use", drawn("* Axioms:\n", "* Axioms:\n    Coq.Logic.Hurkens.false\n")
    yield "a proof that coqchk finds unguarded", drawn("(co)fixpoints: <none>", "(co)fixpoints:\n    Coq.Init.Nat.add")
    yield "an impredicative Set", drawn("Set is predicative", "Set is impredicative")
    start = output.index(f"Constant NoiseEquilibrium.{path[:-2].replace('/', '.')}.{first}")
    yield "a theorem that Coq was not asked for", drawn(output[start : output.index("\nConstant ", start + 1)], "")
    yield "a theorem without a row", drawn(readme=readme.replace(row, ""))
    yield "a row without a theorem", drawn(readme=f"{readme}\n{row.replace(first, first + '_again')}")
    yield "a row with the wrong file", drawn(readme=readme.replace(row, row.replace(path, "other/File.v")))
    yield "a row with the wrong axioms", drawn(readme=readme.replace(row, f"{row.rsplit('|', 2)[0]}| none |"))
    yield "a row under the wrong statement", drawn(readme=readme.replace(row, row.replace(statement, "L9", 1)))
    yield "a theorem that is in no list", drawn(sources=sources | {"other/File.v": "Theorem T8_new : True."})
    for option in ["-R elsewhere Coq", "-arg -type-in-type", "-arg -impredicative-set", "-I plugins"]:
        yield f"_CoqProject: {option}", drawn(options=[*OPTIONS, option])

    def added(text, draws="not allowed"):
        return [complaint for complaint in drawn(sources=sources | {path: sources[path] + text}) if draws in complaint]

    yield "an admitted lemma that no theorem uses", added("\nLemma nothing : False. Admitted.\n")
    yield "an admitted step", added("\nLemma nothing : False.\nProof. (* a comment *) admit. Qed.\n")
    yield "an axiom within a proof", added("\nLemma nothing : True.\nProof. - { Axiom false : False. easy. } Qed.\n")
    yield "a hypothesis after its section", added("\nSection S.\nEnd S.\nHypothesis nothing : False.\n")
    yield "a claim that is given up", added("\nLemma nothing : False. Abort.\n")
    yield "a name that had another meaning", added("\nLemma nothing : True. easy. Qed. Goal True. Abort. Let nothing := 0.\n")
    yield "two sections of a name", added("\nSection S. End S. Section S. End S.\n")
    for sentence in [
        "Axiom nothing : False",
        "Conjecture nothing : False",
        "Polymorphic Axiom nothing : False",
        "#[local] Axiom nothing : False",
        "Time Axiom nothing : False",
        "Redirect nothing Axiom x : False",
        "Polymorphic Hypothesis nothing : False",
        "#[universes(polymorphic)] Hypothesis nothing : False",
        "Monomorphic Variable nothing : False",
        "Module M : T",
        "Declare Module M : T",
        "Include T",
        "Admit Obligations",
        "Unset Guard Checking",
        "#[bypass_check(universes)] Definition nothing := Type",
        "Primitive nothing := #int63_add",
        'Declare ML Module "nothing"',
        'Load "nothing"',
        "Elpi Accumulate nothing",
        'Fail Load "nothing"',
        'Fail Redirect "nothing" Fail Check nat',
        'Fail Fail Declare ML Module "nothing"',
        "[x]:{ Axiom nothing : False",
        "elpi nothing lp:{{ (* }}. Axiom nothing : False. elpi nothing lp:{{ *) }}",
        "Local Notation nat := False",
        'Local Notation "x = y" := True',
        "Let nat : Type := False",
        "Definition nat : finType := [finType of 'I_0]",
        "Fixpoint old (n : nat) : R := 0 with new (n : nat) : Prop := False",
        "Require Classical_Prop",
        "From Elsewhere Require Nothing",
    ]:
        yield sentence, added(f"\nSection S.\n{sentence}.\nEnd S.\n")

    for notion in [
        "Definition new : Prop := False",
        "Definition new (n := 0) : Prop := False",
        "Definition new := (False : Prop)",
        "Definition new : R -> Prop := fun _ => False",
        "Definition new : relation R := fun _ _ => False",
        "Definition new : nat -> Type := fun _ => False",
        "Definition new : Type := 0 = 1",
        "Inductive new : Prop :=",
        "Inductive new : Type :=",
        "Record new : Type := New { nothing : 0 = 1 }",
    ]:
        yield f"{notion}, without an instance", added(f"\n{notion}.\n", "new has no instance")
    for taken in ["Hypothesis no : False", "Variable no : False", "Variables (n : nat) (no : 0 = 1)", "Context (no : False)"]:
        yield f"{taken}, without an instance", added(f"\nSection New.\n{taken}.\nEnd New.\n", "New has no instance")
    place, instance = "analysis/Instances.v", "claim"
    for sabotage, another, said in [("that is none", "box", "no instance of it"), ("without a proof", "nowhere", "no theorem")]:
        changed = readme.replace(f"`{instance}`", f"`{another}`")
        yield f"an instance {sabotage}", [complaint for complaint in drawn(readme=changed) if said in complaint]
    for before in [": False ->", "(no : False) :", ": ~", ": True \\/", ": False <->", ": not", ": fst (True,", ": False ="]:
        changed = sources[place].replace(f"Example {instance} :", f"Example {instance} {before}")
        yield f"an instance with {before} before it", drawn(sources=sources | {place: changed})
    changed = re.sub(r"(Example rotated)\s.*?\.(\s+Proof)", r"\1 : True.\2", sources[place], 1, re.DOTALL)
    yield "an instance that only names a section's theorem", drawn(sources=sources | {place: changed})


def main(arguments):
    mode = arguments.pop(0) if arguments and arguments[0].startswith("--") else None
    try:
        readme = (HERE / "README.md").read_text()
        project = [line for line in (HERE / "_CoqProject").read_text().splitlines() if line and not line.startswith("#")]
        listed = [line for line in project if re.fullmatch(r"(?:analysis|algebra)/\w+\.v", line)]
        options = [line for line in project if line not in listed]
        if mode == "--queries":
            print("\n".join(queries({path: (HERE / path).read_text() for path in arguments or listed})))
            return 0
        if not arguments or (len(arguments) > 1 and mode != "--controls"):
            print(__doc__, file=sys.stderr)
            return 2
        sources = {path: (HERE / path).read_text() for path in listed}
        output = Path(arguments[0]).read_text()
        if mode == "--controls":
            failed = 0
            for sabotage, caught in controls(output, readme, sources, arguments[1:]):
                print(f"{'caught' if caught else 'NOT CAUGHT'}: {sabotage}" + (f" ({caught[0]})" if caught else ""))
                failed += not caught
            return 1 if failed else 0
        if mode == "--recheck":
            found = list(summary_complaints(output.partition("CONTEXT SUMMARY\n")[2]))
        else:
            found = list(complaints(output, readme, sources, options))
    except (OSError, ValueError) as error:
        print(f"audit.py: {error}", file=sys.stderr)
        return 2
    print("\n".join(found or [passed(mode, readme, sources)]))
    return 1 if found else 0


def passed(mode, readme, sources):
    if mode == "--recheck":
        return "checked again; no axioms but the libraries' own"
    theorems, assumed = len(table(readme)), len(assumptions(sources))
    return f"{theorems} theorems, no axioms but those of the table; {assumed} notions and sections, each with an instance"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
