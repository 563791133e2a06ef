"""The networks of benches/layers.rs, balanced by SciPy.

    layers_peers.py minimise GAMMA INPUTS OUTPUTS WIDTH...    L-BFGS on the potential
    layers_peers.py gebal WIDTH                               LAPACK's balancing

Draws the same numbers as the benchmark. Prints the seconds, those of all processors, how
often the potential was evaluated, and the largest relative imbalance of a neuron that is
left; then the neurons' lambda in one line.
"""

import sys
import time

import numpy as np
from scipy.linalg import matrix_balance
from scipy.optimize import minimize

SIGMA2 = 0.05
# Good enough for L-BFGS, and as many iterations as it may take.
ENOUGH = 1e-9
ITERATIONS = 3000


class Clock:
    """Seconds, and those of all processors."""

    def __init__(self):
        self.start = (time.perf_counter(), time.process_time())

    def read(self):
        return time.perf_counter() - self.start[0], time.process_time() - self.start[1]


class Draw:
    """SplitMix64, as in the benchmark."""

    def __init__(self):
        self.drawn = 0

    def spread(self, spread, *shape):
        n = int(np.prod(shape))
        k = np.arange(self.drawn + 1, self.drawn + n + 1, dtype=np.uint64)
        self.drawn += n
        z = k * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        number = (z >> np.uint64(11)).astype(float) * 2.0**-52 - 1.0
        return np.exp(spread * number).reshape(shape)


def layer(draw, gamma, to, origin):
    """Noise and decay of all weights, each row those that enter one neuron."""
    both = draw.spread(1.0, to, origin, 2)
    return SIGMA2 * both[..., 0] ** 5, 2 * gamma * both[..., 1] ** 2


def minimise(gamma, inputs, outputs, widths):
    draw = Draw()
    ends = np.cumsum([0, *widths])
    own = [slice(a, b) for a, b in zip(ends, ends[1:])]
    entering = layer(draw, gamma, widths[0], inputs)
    inner = [layer(draw, gamma, b, a) for a, b in zip(widths, widths[1:])]
    leaving = layer(draw, gamma, outputs, widths[-1])
    evaluations = 0
    imbalance = np.inf

    def potential(x):
        """The logarithm of the potential, whose steps do not overflow, and its slope."""
        nonlocal evaluations, imbalance
        evaluations += 1
        e = np.exp(2 * x)
        f = 1 / e
        up, down = np.zeros_like(x), np.zeros_like(x)
        first, last = own[0], own[-1]
        down[first] += entering[0] * e[first]
        up[first] += entering[1] * f[first]
        up[last] += leaving[0] * f[last]
        down[last] += leaving[1] * e[last]
        total = up[first].sum() + down[first].sum() + up[last].sum() + down[last].sum()
        for (noise, decay), a, b in zip(inner, own, own[1:]):
            entered = e[b] * (noise @ f[a])
            left = f[a] * (e[b] @ noise)
            total += entered.sum()
            down[b] += entered
            up[a] += left
            if gamma > 0:
                entered = f[b] * (decay @ e[a])
                total += entered.sum()
                up[b] += entered
                down[a] += e[a] * (f[b] @ decay)
        imbalance = np.max(np.abs(up - down) / (up + down))
        return np.log(total), 2 * (down - up) / total

    def watch(_):
        if imbalance <= ENOUGH:
            raise StopIteration

    clock = Clock()
    entering = [x.sum(axis=1) for x in entering]
    leaving = [x.sum(axis=0) for x in leaving]
    found = minimize(
        potential,
        np.zeros(ends[-1]),
        jac=True,
        method="L-BFGS-B",
        callback=watch,
        options={"maxiter": ITERATIONS, "maxfun": 2 * ITERATIONS, "maxcor": 20, "ftol": 0, "gtol": 0},
    )
    seconds = clock.read()
    count = evaluations
    potential(found.x)
    return seconds, count, imbalance, found.x


def gebal(width):
    noise = SIGMA2 * Draw().spread(5.0, width, width)
    np.fill_diagonal(noise, 0)
    # LAPACK's norm is Euclidean: the squares of these add up to the noise.
    matrix = np.asfortranarray(np.sqrt(noise))
    clock = Clock()
    balanced, (scale, _) = matrix_balance(matrix, permute=False, separate=True)
    seconds = clock.read()
    up, down = (balanced**2).sum(axis=1), (balanced**2).sum(axis=0)
    x = np.log(scale)
    return seconds, 0, np.max(np.abs(up - down) / (up + down)), x - x.mean()


kind, *numbers = sys.argv[1:]
if kind == "gebal":
    answer = gebal(int(numbers[0]))
else:
    answer = minimise(float(numbers[0]), int(numbers[1]), int(numbers[2]), [int(x) for x in numbers[3:]])
seconds, evaluations, imbalance, x = answer
print(*seconds, evaluations, imbalance)
print(*x.tolist())
