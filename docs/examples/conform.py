"""Answers the reference problems with NumPy and SciPy, in doubles: conform.py REFERENCE RESULTS"""
import json, pathlib, sys
from fractions import Fraction
import numpy as np, scipy
array = np.vectorize(lambda x: float(Fraction(x)), otypes=[float])

def matrix(kind, d):  # A, d x d
    if kind["kind"] == "diagonal": return np.diag(array(kind["rates"]))
    if kind["kind"] == "dense": return array(kind["matrix"])
    if kind["kind"] == "scaling": return np.eye(d)
    if kind["kind"] == "rescaling": return np.diag([1.0 * (k in kind["up"]) - (k in kind["down"]) for k in range(d)])
    s = array(kind["direction"])
    return scipy.linalg.block_diag(np.kron(np.eye(kind["rows"]), s), np.kron(-s, np.eye(kind["cols"])))

def single(mu, a, c, gamma, sigma2):  # T8: the status from signs, then Brent's method on G
    up, down = (np.any((s * mu > 0) & (sigma2 * a > 0) | (s * mu < 0) & (gamma * c > 0)) for s in (1, -1))
    if not (up and down):
        return {"status": "plus-infinity" if up else "minus-infinity" if down else "degenerate"}
    g = lambda x: np.sum(mu * (2 * sigma2 * a * np.exp(-2 * mu * x) - 4 * gamma * c * np.exp(2 * mu * x)))
    ends = [(-x, x) for x in 2.0 ** np.arange(-12, 40) if g(-x) > 0 > g(x)]
    return {"status": "finite", "lambda": scipy.optimize.brentq(g, *ends[0], xtol=1e-300, rtol=1e-15) if ends else np.nan}

def group(kind, theta, sigma, gamma, sigma2):  # T17: S = M^-1/2 (M^1/2 N M^1/2)^1/2 M^-1/2
    p, r, q = kind["rows"], kind["rank"], kind["cols"]
    u, w = theta[: p * r].reshape(p, r), theta[p * r :].reshape(r, q)
    n_u = sum(sigma[i * r : i * r + r, i * r : i * r + r] for i in range(p))
    n_w = sum(sigma[p * r + j :: q, p * r + j :: q] for j in range(q))
    m, n = 2 * gamma * u.T @ u + sigma2 * n_w, 2 * gamma * w @ w.T + sigma2 * n_u
    half = scipy.linalg.sqrtm(m)
    s = np.linalg.solve(half, np.linalg.solve(half, scipy.linalg.sqrtm(half @ n @ half)).T)
    root = scipy.linalg.sqrtm(s)
    return {"status": "finite", "metric": s, "theta": np.r_[(u @ root).ravel(), np.linalg.solve(root, w).ravel()]}

def answer(problem):
    gamma, sigma2 = array([problem["strength"]["gamma"], problem["strength"]["sigma2"]])
    if "spectrum" in problem:
        return single(*(array([term[key] for term in problem["spectrum"]]) for key in ("rate", "noise", "charge")), gamma, sigma2)
    kind, theta = problem["generator"], array(problem["theta"])
    sigma = array(problem["covariance"]) if "covariance" in problem else np.atleast_2d(np.cov(array(problem["gradients"]).T, bias=True))
    if kind["kind"] == "general-linear": return group(kind, theta, sigma, gamma, sigma2)
    if kind["kind"] == "commuting":  # T16: BFGS on ln Φ, for generators that have rates
        if {a["kind"] for a in kind["generators"]} & {"dense", "factor"}: raise ValueError("generators without rates")
        mu = np.array([matrix(a, len(theta)).diagonal() for a in kind["generators"]])
        w, v = np.r_[2 * gamma * theta**2, sigma2 * np.diag(sigma)], np.hstack([2 * mu, -2 * mu])
        x = scipy.optimize.minimize(lambda x: np.log(w @ np.exp(x @ v)), np.zeros(len(mu)), tol=1e-14).x
        return {"status": "finite", "lambda": x, "theta": np.exp(x @ mu) * theta}
    mu, basis = np.linalg.eigh(matrix(kind, len(theta)))
    found = single(mu, np.diag(basis.T @ sigma @ basis), (basis.T @ theta) ** 2, gamma, sigma2)
    return found | ({"theta": basis @ (np.exp(found["lambda"] * mu) * (basis.T @ theta))} if "lambda" in found else {})
np.seterr(all="ignore")
results, files = {}, sorted(pathlib.Path(sys.argv[1]).glob("*.json"))
for entry in (entry for file in files for entry in json.loads(file.read_text())["entries"]):
    try:  # what is no finite real number is left out
        results[entry["id"]] = {key: np.asarray(x).tolist() for key, x in answer(entry["problem"]).items()
                                if key == "status" or np.all(np.isfinite(x) & np.isreal(x))}
    except (ArithmeticError, KeyError, ValueError, np.linalg.LinAlgError) as error:
        print(f"{entry['id']}: not answered: {type(error).__name__} {error}")
answers = {"format": "noise-equilibrium/results-1", "implementation": f"NumPy {np.__version__}, SciPy {scipy.__version__}", "results": results}
pathlib.Path(sys.argv[2]).write_text(json.dumps(answers))
