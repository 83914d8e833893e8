"""The notebooks: what is committed is what the sources say, was run, and is checked by nbval.

That the notebooks run is nbval's matter (`make test`); here is what would make nbval blind.
"""

import functools
import importlib.util
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
spec = importlib.util.spec_from_file_location("build", NOTEBOOKS / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)

LESSONS = [path.stem for path in sorted((NOTEBOOKS / "src").glob("[0-9][0-9]_*.py"))]
each_lesson = pytest.mark.parametrize("lesson", LESSONS)


def items(text):
    """ "S2.9-11 S4.5" as the numbers it stands for."""
    found = []
    for document, first, last in re.findall(r"(S\d+)\.(\d+)(?:-(\d+))?", text):
        found += [f"{document}.{n}" for n in range(int(first), int(last or first) + 1)]
    return found


LESSON_ITEMS = {  # which items of the documents each lesson has to judge
    "01_gan_basics": items("S2.2-8 S2.19 S3.9-13 S3.33 S4.5-12 S4.88-97"),
    "02_dcgan_fashion_mnist": items("S2.9-18 S2.20 S4.98-102"),
    "03_evaluating_gans": items("S0.25 S2.21-33"),
    "11_adversarial_examples": items("S4.13-29 S4.33 S4.36 S4.41-44 S4.48 S4.50-51 S4.63-68"),
    "12_attack_zoo": items("S4.30-32 S4.34-35 S4.37-40 S4.45-47 S4.49 S4.52-62 S4.132"),
}
VERDICT = re.compile(
    r"(holds with limits|holds|fails|cannot be told here|context)( *[:;,.(].*)?", re.DOTALL
)


@functools.cache
def source(lesson):
    return build.read(NOTEBOOKS / "src" / f"{lesson}.py")


@functools.cache
def executed(lesson):
    path = NOTEBOOKS / f"{lesson}.ipynb"
    assert path.exists(), f"not built yet: python notebooks/build.py {lesson[:2]}"
    return nbformat.read(path, as_version=4)


def tags(cell):
    return cell.metadata.get("tags", [])


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def verdict_cells(notebook):
    return [cell for cell in code_cells(notebook) if "nbval-check-output" in tags(cell)]


def printed(cell):
    texts = [o.get("text", "") + o.get("data", {}).get("text/plain", "") for o in cell.outputs]
    return "".join(texts)


# --- drift ---------------------------------------------------------------------------------------


@each_lesson
def test_executed_notebook_agrees_with_its_source(lesson):
    ours, theirs = executed(lesson), source(lesson)
    assert ours.metadata == theirs.metadata
    for cell, original in zip(ours.cells, theirs.cells, strict=True):
        assert (cell.id, cell.cell_type) == (original.id, original.cell_type)
        assert cell.source == original.source, f"{cell.id}: build the lesson again"
        assert cell.metadata == original.metadata, f"{cell.id}: build the lesson again"


@each_lesson
def test_exercise_copy_is_the_same_when_made_again(lesson):
    path = NOTEBOOKS / "exercises" / f"{lesson}.ipynb"
    again = nbformat.writes(build.exercise(source(lesson))) + "\n"
    if path.read_text(encoding="utf-8") != again:  # no assert: pytest would be slow to tell how
        pytest.fail(f"{path.name} differs: python notebooks/build.py {lesson[:2]} --exercises-only")


@each_lesson
def test_exercise_copy_holds_no_solution(lesson):
    """Looked for in the source's text, without the help of the code that takes them out."""
    copied = (NOTEBOOKS / "exercises" / f"{lesson}.ipynb").read_text(encoding="utf-8")
    cells = {cell.id: cell for cell in nbformat.reads(copied, as_version=4).cells}
    unsolved = 0
    for original in source(lesson).cells:
        if "solution" in tags(original):
            assert original.id not in cells
            continue
        solutions = re.findall(r"# solution\b.*\n((?:.*\n)*?) *# end of solution", original.source)
        entries = re.findall(r"^.*(?=  # solution$)", original.source, re.MULTILINE)
        left = {line.strip() for line in cells[original.id].source.splitlines()}
        for line in "".join(solutions).splitlines() + entries:
            assert not line.strip() or line.strip() not in left, f"{original.id}: {line}"
        unsolved += bool(solutions or entries)
    assert copied.count("= check(") >= 3 <= unsolved, "a lesson has 3 to 5 exercises"
    assert '"outputs": [\n' not in copied and '"execution_count": null' in copied


# --- what was executed ---------------------------------------------------------------------------


@each_lesson
def test_every_cell_was_executed_and_all_went_well(lesson):
    """nbval compares nothing where the execution count is missing."""
    assert build.refusals(executed(lesson)) == []
    for cell in code_cells(executed(lesson)):
        assert cell.execution_count, f"{cell.id} was not executed"
        assert "raises-exception" not in tags(cell), "nbval passes such a cell whatever it does"
        assert "nbval-skip" not in tags(cell)
        assert "NBVAL" not in cell.source, "use tags"


@each_lesson
def test_verdict_cells_can_be_compared(lesson):
    verdicts = verdict_cells(executed(lesson))
    assert len(verdicts) >= 5, "nbval compares only cells tagged nbval-check-output"
    for cell in verdicts:
        text = printed(cell)
        assert text.strip(), f"{cell.id} has nothing to compare"
        assert not re.search(r"\d\.\d", text), f"{cell.id}: verdicts are alike in every profile"
        assert "setup(" not in cell.source, "the set-up says which profile is on: do not tag it"
        assert "not solved yet" not in text and "not yet" not in text
    assert any(re.search(r"\bsetup\(", cell.source) for cell in code_cells(executed(lesson))[:3])


@each_lesson
def test_pictures_have_alt_text(lesson):
    for cell in code_cells(executed(lesson)):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                places = (output.metadata.get("image/png", {}), output.metadata, cell.metadata)
                alt = next((place["alt"] for place in places if "alt" in place), "")
                assert len(alt) >= 30, f"a picture of {cell.id} has no alt text: {alt!r}"


@each_lesson
def test_cells_are_short(lesson):
    for cell in code_cells(source(lesson)):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 20, f"{cell.id} has {len(lines)} lines; 15 are a good length"
        assert max(map(len, lines)) <= 100, f"{cell.id} has a line of more than 100 characters"


@each_lesson
def test_no_words_stand_in_the_line_that_begins_a_cell(lesson):
    """They would become the cell's title, which no reader of the notebook sees."""
    text = (NOTEBOOKS / "src" / f"{lesson}.py").read_text()
    begins = [line for line in text.splitlines() if line.startswith("# %%")]
    plain = re.compile(r"# %%( \[markdown\])?( tags=.*)?")
    assert [line for line in begins if not plain.fullmatch(line)] == []


# --- claims --------------------------------------------------------------------------------------


@each_lesson
def test_every_item_has_a_row_a_verdict_and_a_cell(lesson):
    rows = build.claims(source(lesson))
    counts = Counter(item for numbers, _ in rows for item in numbers)
    assert counts == Counter(LESSON_ITEMS[lesson]), "each item of the lesson has exactly one row"

    tagged = {tag for cell in code_cells(source(lesson)) for tag in tags(cell)}
    tagged = {tag for tag in tagged if re.fullmatch(r"S\d+\.\d+", tag)}
    assert tagged <= counts.keys(), "each tag has a row"
    for numbers, (_, _, _, verdict) in rows:
        assert VERDICT.fullmatch(verdict), f"{numbers}: {verdict!r} is not in the vocabulary"
        if not verdict.startswith("context"):
            assert tagged >= set(numbers), f"{numbers}: no cell is tagged with them"


def test_the_page_of_claims_is_up_to_date():
    if not LESSONS:
        pytest.skip("there are no lessons yet")
    page = build.claims_page({lesson: source(lesson) for lesson in LESSONS})
    if (NOTEBOOKS / "claims.md").read_text(encoding="utf-8") != page:
        pytest.fail("claims.md differs: python notebooks/build.py --exercises-only")


# --- the machinery, on a lesson of four cells ----------------------------------------------------

MINI = '''\
# %% [markdown]
# # How large?
#
# | item | the claim | theirs | ours | verdict |
# |---|---|---|---|---|
# | S2.13, S2.2 | it doubles | 2 | 2, a \\| b | holds: exactly |

# %%
from gankit.course import check, todo

print("10 % and more", end="\\r")
print("100 %        ", end="\\r\\n")
print(object())

# %%
answers = {
    "small": 7,  # solution
    "large": "fourteen",
}


def upsampled_shape(shape, filters, kernel, stride):
    """Height, width, channels."""
    height, width = shape[:2]
    # solution: stride times size
    return height * stride, width * stride, filters
    # end of solution


# solution
side = 7 * 2
# end of solution

# %% tags=["nbval-check-output", "S2.13"]
upsampled_shape = check("02.upsampled_shape", upsampled_shape)
print("ok: doubled" if upsampled_shape((2, 2, 1), 3, 4, 2) == (4, 4, 3) else "not doubled")

# %% tags=["solution"]
print("only for those who solved it")
'''


def nbval(folder, *names, options=()):
    """Run nbval in its lax mode, as `make test` does; returns (exit status, what it said)."""
    paths = [os.environ.get("PYTHONPATH"), str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbval-lax", "-p", "no:cacheprovider", "--color=no"]
        + [*options, *names],
        cwd=folder,
        env=os.environ
        | {
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
            "GANKIT_PROFILE": "smoke",
            "GANKIT_OFFLINE": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mini")
    (folder / "77_mini.py").write_text(MINI, encoding="utf-8")
    assert build.build(folder / "77_mini.py", folder)
    return folder


def test_build_makes_an_executed_notebook_without_clutter(mini):
    notebook = nbformat.read(mini / "77_mini.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert [cell.id for cell in notebook.cells] == ["c000", "c001", "c002", "c003", "c004", "c005"]
    assert notebook.metadata == build.METADATA
    assert printed(notebook.cells[2]) == "100 %\n<object object>\n"
    assert notebook.cells[4].metadata == {"tags": ["nbval-check-output", "S2.13"]}
    assert "ok: the stride" in printed(notebook.cells[4])
    assert (
        build.plain("\x1b[1mW\x1b[0m /home/me/a b/x.py at /opt/kit/x.py:3")
        == "W a b/x.py at x.py:3"
    )
    assert build.plain("a https://keras.io/api/x 1/2 <br/></p>") == (
        "a https://keras.io/api/x 1/2 <br/></p>"
    )


def test_a_slider_without_its_kernel_is_left_out():
    slider = {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "FloatSlider()"}
    outputs = [nbformat.v4.new_output("display_data", slider)]
    outputs += [nbformat.v4.new_output("stream", text="seen\n")]
    assert [output.output_type for output in build.tidy(outputs)] == ["stream"]


def test_exercise_copy_asks_for_what_was_taken_out(mini):
    path = mini / "exercises" / "77_mini.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert [cell.id for cell in notebook.cells] == ["c000", "c001", "c002", "c003", "c004"]
    code = notebook.cells[3].source
    assert '    "small": todo,\n    "large": "fourteen",\n' in code
    assert '    height, width = shape[:2]\n    todo("stride times size")\n' in code
    assert code.endswith("\nside = todo") and "7 * 2" not in code and "stride," not in code
    before = path.read_bytes()
    build.build(mini / "77_mini.py", mini, exercises_only=True)
    assert path.read_bytes() == before


def test_nbval_catches_another_verdict(mini):
    """Both copies pass; with another verdict in what is committed, one cell fails."""
    other = (mini / "77_mini.ipynb").read_text(encoding="utf-8")
    assert other.count("ok: doubled\\n") == 1
    other = other.replace("ok: doubled\\n", "ok: tripled\\n")
    (mini / "78_other.ipynb").write_text(other, encoding="utf-8")
    names = ("77_mini.ipynb", "exercises/77_mini.ipynb", "78_other.ipynb")
    status, said = nbval(mini, *names)
    assert status == 1 and "1 failed, 13 passed" in said, said
    assert "78_other.ipynb::Cell 3" in said and "mismatch" in said, said


@pytest.mark.parametrize(
    "cell, why",
    [
        ('print("cifar10 (stand-in: tinted)")', "stand-in or the sample"),
        ('print("fashion_mnist (sample, 12,000 of 70,000)")', "stand-in or the sample"),
        ('print("x" * 600_000)', "more than 500,000"),
        ("1 / 0", "ZeroDivisionError"),
    ],
)
def test_build_refuses(tmp_path, capsys, monkeypatch, cell, why):
    def execute(notebook, *_):
        """As a kernel would, without the seconds one takes to start."""
        output = nbformat.v4.new_output("stream", text=str(eval(cell, {"print": str})))
        notebook.cells[-1].outputs = [output]

    monkeypatch.setattr(build, "execute", execute)
    (tmp_path / "77_mini.py").write_text(f"# %%\n{cell}\n", encoding="utf-8")
    assert not build.build(tmp_path / "77_mini.py", tmp_path)
    assert why.replace("ZeroDivisionError", "division by zero") in capsys.readouterr().err
    assert not (tmp_path / "77_mini.ipynb").exists()


def test_claims_are_read_and_sorted(mini, tmp_path):
    notebook = build.read(mini / "77_mini.py")
    rows = [(["S2.13", "S2.2"], ["it doubles", "2", "2, a \\| b", "holds: exactly"])]
    assert build.claims(notebook) == rows
    other = nbformat.v4.new_notebook()
    other.cells = [nbformat.v4.new_markdown_cell("| S2.9 | a | b | c | fails |")]
    lines = build.claims_page({"77_mini": notebook, "78_other": other}).splitlines()
    assert lines[-2] == "| S2.9 | a | b | c | fails | [78](78_other.ipynb) |"
    assert lines[-1].endswith("| holds: exactly | [77](77_mini.ipynb) |")
    for row in (
        "| S2.9 | a | b | fails |",
        "| S2.9-12 | a | b | c | fails |",
        "| S2.9 | | | | fails |",
    ):
        other.cells[0].source = row
        with pytest.raises(ValueError, match="wants the form"):
            build.claims(other)


# --- planted faults ------------------------------------------------------------------------------

FAULTS = {  # code that raises nothing and gives plausible results: only a verdict can tell
    "01_gan_basics": """
from gankit.gans import GAN

GAN.train_step = lambda gan, *batch: {name: 0.7 for name in gan.trackers}
""",
    "11_adversarial_examples": """
from gankit import attacks

attacks.fgsm = lambda model, images, labels, **how: images.copy()
""",
}


@pytest.mark.parametrize("lesson", [lesson for lesson in FAULTS if lesson in LESSONS])
def test_a_planted_fault_fails_the_lesson(lesson, tmp_path):
    """A train_step that does nothing; an attack that returns its input."""
    notebook = executed(lesson).copy()
    start = next(i for i, cell in enumerate(notebook.cells) if "setup(" in cell.source)
    fault = nbformat.v4.new_code_cell(FAULTS[lesson], id="fault")
    notebook.cells = notebook.cells[: start + 1] + [fault] + notebook.cells[start + 1 :]
    nbformat.write(notebook, tmp_path / "faulty.ipynb")
    status, said = nbval(tmp_path, "faulty.ipynb", options=["-x"])
    assert status == 1 and "mismatch" in said and "ok: " in said, said
    assert "caused an exception" not in said, said
