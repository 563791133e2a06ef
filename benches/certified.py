"""Certified solves of the program beside Newton's method in Arb, and families that fall apart.

    pip install python-flint
    cargo build --release && python3 benches/certified.py target/release/noise-equilibrium

Arb is called through python-flint in this process; its result is λ alone, and no proof that
it is the root. The program is timed as a whole process, less what `--version` takes: it reads
a file, proves λ*, and prints charge, potential and relaxation rate as well. Every figure is
the least of several runs of at least a second in all; the ratio is the program's over Arb's.
"""

import json
import math
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from random import Random

GAMMA, SIGMA2 = Fraction(1, 1000), Fraction(1, 320)
# (terms, rates, digits, the ratio aimed at)
SOLVES = [
    (3, "thousandths", 50, 1.5),
    (3, "thousandths", 1000, 1.0),
    (3, "thousandths", 10_000, 1.5),
    (60, "thousandths", 50, 0.7),
    (60, "thousandths", 1000, 0.3),
    (60, "thousandths", 10_000, 0.3),
    (60, "25 digits", 50, 1.2),
    (60, "25 digits", 1000, 1.5),
]


def least(run, seconds=1.0):
    """Seconds of the fastest of the runs that fit into that time, three at least."""
    run()
    times, start = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        run()
        times.append(time.perf_counter() - before)
    return min(times)


def spectrum(terms, rates):
    """(rate, noise, charge): odd thousandths between -2 and 2, or 25 decimals between -1 and 1."""
    random = Random(17)
    draw = {
        "thousandths": lambda: Fraction(2 * random.randrange(-1000, 1000) + 1, 1000),
        "25 digits": lambda: Fraction(random.randrange(1, 10**25) * random.choice([-1, 1]), 10**25),
    }[rates]
    weight = lambda over: Fraction(random.randrange(1, 2**20), 2**20 * over)
    return [(draw(), weight(7), weight(11)) for _ in range(terms)]


def newton_in_arb(terms, digits):
    """λ*, from a root in doubles, with about twice the bits at each step."""
    from flint import arb, ctx, fmpq

    def slope_and_value(x, exp, number):
        value = slope = number(0)
        for rate, noise, charge in terms:
            grown = exp(number(2 * rate) * x)
            up, down = number(2 * SIGMA2 * noise) / grown, number(4 * GAMMA * charge) * grown
            value = value + number(rate) * (up - down)
            slope = slope - number(2 * rate * rate) * (up + down)
        return value, slope

    x, step = 0.0, 1.0
    while abs(step) > 1e-14 * max(1.0, abs(x)):
        value, slope = slope_and_value(x, math.exp, float)
        step = max(-1.0, min(1.0, -value / slope))
        x += step
    bits = [int(digits * math.log2(10)) + 40]
    while bits[-1] > 90:
        bits.append(bits[-1] // 2 + 8)
    x = arb(x)
    exact = lambda q: arb(fmpq(Fraction(q).numerator, Fraction(q).denominator))
    for precision in reversed(bits):
        ctx.prec = precision
        x = arb(x.mid())
        value, slope = slope_and_value(x, lambda y: y.exp(), exact)
        x -= value / slope
    return x


def problem(**body):
    return {
        "format": "noise-equilibrium/problem-1",
        "strength": {"gamma": str(GAMMA), "sigma2": str(SIGMA2)},
        **body,
    }


class Program:
    def __init__(self, path):
        self.path = path
        self.start = least(lambda: self.call("--version"))

    def call(self, *arguments):
        return subprocess.run([self.path, *arguments], capture_output=True, check=True).stdout

    def solve(self, content, digits):
        """Seconds less the start, and the solution."""
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(content, file)
            file.flush()
            run = lambda: self.call("solve", file.name, "--digits", str(digits))
            return max(least(run) - self.start, 1e-6), json.loads(run())


def solves(program):
    print("| terms | rates | digits | Arb | program | ratio | goal |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for terms, rates, digits, goal in SOLVES:
        own = spectrum(terms, rates)
        body = [{"rate": str(m), "noise": str(a), "charge": str(c)} for m, a, c in own]
        theirs = least(lambda: newton_in_arb(own, digits))
        ours, solution = program.solve(problem(spectrum=body), digits)
        found = newton_in_arb(own, digits).str(digits // 2 + 10, radius=False)
        assert solution["lambda"]["lower"][: digits // 2] == found[: digits // 2], (found, solution)
        ratio = ours / theirs
        print(
            f"| {terms} | {rates} | {digits} | {1e3 * theirs:.3g} ms | {1e3 * ours:.3g} ms"
            f" | {ratio:.2f} | {goal}{'' if ratio <= goal else ': missed'} |",
            flush=True,
        )


def neurons(count, edges):
    """The rescalings of neurons that these weights leave and enter, at doubles drawn at random."""
    random = Random(count)
    up = [[k for k, (source, _) in enumerate(edges) if source == i] for i in range(count)]
    down = [[k for k, (_, target) in enumerate(edges) if target == i] for i in range(count)]
    generators = [{"kind": "rescaling", "up": u, "down": d} for u, d in zip(up, down)]
    normal = lambda: [repr(random.gauss(0, 1)) for _ in edges]
    generator = {"kind": "commuting", "generators": generators}
    return problem(generator=generator, theta=normal(), gradients=[normal(), normal()])


def families(program):
    print("| family, 15 digits | program | goal |")
    print("| --- | --- | --- |")
    outside = None
    for count in (32, 64, 128, 256):
        apart = [end for i in range(count) for end in [(outside, i), (outside, i), (i, outside)]]
        seconds, _ = program.solve(neurons(count, apart), 15)
        goal = "1 s" if count == 256 else ""
        print(f"| {count} independent neurons | {seconds:.3g} s | {goal} |", flush=True)
    for count in (25, 50, 100, 200):
        chain = [(outside, i) for i in range(count)]
        chain += [(i, i + 1 if i + 1 < count else outside) for i in range(count)]
        seconds, _ = program.solve(neurons(count, chain), 15)
        goal = "5 s" if count == 200 else ""
        print(f"| a chain of {count} neurons | {seconds:.3g} s | {goal} |", flush=True)


if __name__ == "__main__":
    program = Program(sys.argv[1])
    solves(program)
    print()
    families(program)
