"""The steps of benches/dynamics.rs as one would write them in NumPy.

Reads a kind of step and a number of steps from each line of the standard input, and
answers with the seconds that they took.
"""

import sys
import time

import numpy as np

rng = np.random.default_rng(0)


def factorisation():
    """SGD of 32 x 32 x 32 in batches of 32."""
    x = rng.standard_normal((1024, 32))
    y = rng.standard_normal((1024, 32))
    u = 0.1 * rng.standard_normal((32, 32))
    w = 0.1 * rng.standard_normal((32, 32))

    def step():
        i = rng.integers(0, 1024, 32)
        xb, yb = x[i], y[i]
        h = xb @ w.T
        residual = h @ u.T - yb
        loss = np.vdot(residual, residual) / 32
        e = residual * (2 / 32)
        gw = (e @ u).T @ xb
        gu = e.T @ h
        u[...] -= 1e-3 * gu
        w[...] -= 1e-3 * gw
        return loss

    return step


def tanh():
    """SGD of 64-10-10 with tanh in batches of 32."""
    x = rng.integers(0, 17, (1797, 64)) / 16
    y = np.eye(10)[rng.integers(0, 10, 1797)]
    u = 0.1 * rng.standard_normal((10, 10))
    w = 0.1 * rng.standard_normal((10, 64))

    def step():
        i = rng.integers(0, 1797, 32)
        xb, yb = x[i], y[i]
        h = np.tanh(xb @ w.T)
        residual = h @ u.T - yb
        loss = np.vdot(residual, residual) / 32
        e = residual * (2 / 32)
        gw = ((e @ u) * (1 - h * h)).T @ xb
        gu = e.T @ h
        u[...] -= 1e-3 * gu
        w[...] -= 1e-3 * gw
        return loss

    return step


STEPS = {"factorisation": factorisation(), "tanh": tanh()}

for line in sys.stdin:
    kind, count = line.split()
    step = STEPS[kind]
    start = time.perf_counter()
    for _ in range(int(count)):
        step()
    print(time.perf_counter() - start, flush=True)
