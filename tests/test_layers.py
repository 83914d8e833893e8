"""The house: a module imports only from floors below; importing gankit imports nothing heavy."""

import ast
import subprocess
import sys
from pathlib import Path

import gankit

ROOT = Path(gankit.__file__).parent
FLOORS = {
    "backend": 1,
    "course": 1,
    "checks": 1,
    "datasets": 1,
    "pictures": 1,
    "plots": 1,
    "models": 1,
    "latents": 1,
    "losses": 2,
    "tricks": 2,
    "inputs": 2,
    "sampling": 2,
    "saving": 2,
    "gans": 2,
    "callbacks": 2,
    "doctor": 2,
    "symptoms": 2,
    "metrics": 2,
    "attacks": 2,
    "robustness": 3,
    "runs": 4,
    "training": 4,
    "sweeps": 4,
    "sweep_training": 4,
}


def part(path):
    """The first name below gankit: of a file, or of a module's dotted name."""
    return path.relative_to(ROOT).with_suffix("").parts[0]


def imported(tree):
    """Parts of gankit that a module imports, at its top or inside its functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gankit":
            names = node.module.split(".")[1:2] or [alias.name for alias in node.names]
            yield from names
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("gankit."))


def test_imports_go_down():
    files = [path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py"]
    assert len(files) > 15
    for path in files:
        floor = FLOORS[part(path)]
        for name in imported(ast.parse(path.read_text())):
            assert FLOORS[name] <= floor, f"{path.name} (floor {floor}) imports {name}"


def test_only_the_backend_knows_the_backends():
    known = {"tensorflow", "torch", "jax"}
    for path in ROOT.rglob("*.py"):
        if path.name == "backend.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "").split(".")[0]}
            else:
                continue
            assert not names & known, f"{path.name} imports {names & known}"


def test_no_module_is_too_long():
    for path in ROOT.rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 300, path.name


def test_importing_gankit_imports_nothing_heavy():
    heavy = ["numpy", "scipy", "matplotlib", "PIL", "keras", "tensorflow", "torch", "jax"]
    code = f"import sys, gankit; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
