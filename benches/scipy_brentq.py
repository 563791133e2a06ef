"""The balance equation as one would solve it with SciPy, for benches/solve.rs.

Reads spectra, one a line (gamma, sigma2, then rate, noise and charge of each term), up to
an empty line, and answers with their roots, one a line. Then reads numbers of solves, and
answers with the seconds that they took.
"""

import sys
import time

import numpy as np
from scipy.optimize import brentq


def equation(line):
    gamma, sigma2, *terms = map(float, line.split())
    rate, noise, charge = np.array(terms).reshape(-1, 3).T
    up = 2 * sigma2 * rate * noise
    down = 4 * gamma * rate * charge
    r = 2 * rate

    def g(x):
        e = np.exp(r * x)
        return np.sum(up / e - down * e)

    return g


def solve(g):
    low, high = -1.0, 1.0
    while g(low) < 0:
        low *= 2
    while g(high) > 0:
        high *= 2
    return brentq(g, low, high, xtol=1e-16, rtol=8.9e-16)


equations = []
for line in iter(sys.stdin.readline, "\n"):
    equations.append(equation(line))
for g in equations:
    print(repr(solve(g)), flush=True)
for line in sys.stdin:
    count = int(line)
    start = time.perf_counter()
    for i in range(count):
        solve(equations[i % len(equations)])
    print(time.perf_counter() - start, flush=True)
