"""What a learner does in a browser: open a notebook in JupyterLab, run all, move a slider."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
TODO = "pip install playwright, and apt-get install chromium or playwright install chromium"
playwright = pytest.importorskip("playwright.sync_api", reason=f"no browser to drive: {TODO}")

SLIDER = """\
import matplotlib.pyplot as plt
from ipywidgets import interact


@interact(n=(1, 9))
def draw(n=3):
    plt.figure(figsize=(2, 1))
    plt.bar(range(n), range(n))
    print(f"ok: the square of {n} is {n * n}")
"""
SETTINGS = {
    # every cell is on the page, also those far below the window
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    # no question whether to fetch news
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
}
IDLE = "MappingKernelManager.cull_idle", "ServerApp.shutdown_no_activity"
STDERR = '[data-mime-type="application/vnd.jupyter.stderr"]'  # JupyterLab's for errors, too
FAILED = re.compile(r"Traceback \(most recent call last\)|^\w*Error:", re.MULTILINE)
HANDLE = '[role="slider"], .ui-slider-handle'  # of ipywidgets 8, and 7
DRAWN = "pictures => pictures.filter(picture => picture.naturalWidth > 0).length"


def wait(seconds, what, ready):
    """What ready() returns as soon as that is true; fails after so many seconds."""
    end = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.2)
    return found


def written(folder):
    """Where the server listens, and its token: what it writes into a file when it is ready."""
    for path in folder.glob("jpserver-*.json"):
        text = path.read_text(encoding="utf-8")
        if text.endswith("}"):
            return json.loads(text)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab of its own: a free port, nobody's settings; its folder, address and token."""
    folder, home = tmp_path_factory.mktemp("lab"), tmp_path_factory.mktemp("home")
    (home / "labconfig").mkdir()
    (home / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(SETTINGS))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    ours = dict.fromkeys(
        ["HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"], str(home)
    )
    paths = filter(None, [os.environ.get("PYTHONPATH"), str(ROOT)])
    ours |= {"GANKIT_PROFILE": "smoke", "GANKIT_OFFLINE": "1", "PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += ["--ServerApp.port=0", f"--ServerApp.root_dir={folder}"]
    # should pytest be killed, the server ends by itself
    command += [f"--{who}_timeout=900" for who in IDLE]
    log = home / "log.txt"
    with open(log, "w") as stream:
        server = subprocess.Popen(
            command, env=kept | ours, cwd=folder, stdout=stream, stderr=stream
        )
    try:
        found = wait(180, f"JupyterLab, see {log}", lambda: written(home))
        yield folder, found["url"], found["token"]
    finally:
        server.terminate()  # which ends its kernels too
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as player:
        path = shutil.which("chromium") or player.chromium.executable_path
        if not Path(path).exists():
            pytest.skip(f"no chromium: {TODO}")
        browser = player.chromium.launch(executable_path=path, timeout=60_000)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, tmp_path):
    page = chromium.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(60_000)
    yield page
    page.screenshot(path=tmp_path / "page.png")
    print(f"the page at the end: {tmp_path / 'page.png'}")
    page.close()


def run_all(page, lab, name, notebook, seconds):
    """Open a copy without outputs, run all cells, wait for the last; none may have failed."""
    folder, url, token = lab
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in cells:
        cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, folder / name)
    page.goto(f"{url}lab/tree/{name}?reset&token={token}")

    def idle():
        """Before its kernel is there, JupyterLab would ask for one."""
        with urlopen(f"{url}api/sessions?token={token}", timeout=60) as answer:  # a busy machine
            sessions = json.load(answer)
        states = [one["kernel"]["execution_state"] for one in sessions if one["path"] == name]
        return states == ["idle"]

    wait(180, "an idle kernel", idle)
    page.locator(".jp-CodeCell").nth(len(cells) - 1).wait_for(state="attached")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator('[data-command="runmenu:run-all"]').click()

    errors = page.locator(STDERR).filter(has_text=FAILED)

    def ended():
        prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
        numbered = [re.match(r"\s*\[\d+\]", prompt) for prompt in prompts]
        return all(numbered) or errors.count()

    wait(seconds, "the last cell", ended)
    assert errors.all_inner_texts() == []
    page.wait_for_load_state("networkidle")


def verdicts(text):
    return [line for line in text.splitlines() if line.startswith("ok: ")]


def test_a_lesson_runs_and_shows_its_verdicts_and_pictures(page, lab):
    lesson = nbformat.read(ROOT / "notebooks" / "01_gan_basics.ipynb", as_version=4)
    outputs = [output for cell in lesson.cells for output in cell.get("outputs", [])]
    committed = verdicts("".join(output.get("text", "") for output in outputs))
    pictures = sum("image/png" in output.get("data", {}) for output in outputs)
    assert len(committed) >= 5 <= pictures

    run_all(page, lab, "lesson.ipynb", lesson, seconds=600)
    seen = page.locator(".jp-OutputArea-output").all_inner_texts()
    assert verdicts("\n".join(seen)) == committed
    drawn = page.locator(".jp-OutputArea-output img")
    assert drawn.evaluate_all(DRAWN) == pictures
    drawn.last.scroll_into_view_if_needed()


def slide(page, before, after):
    """Move the slider by a step: the text becomes another, and one picture is drawn anew."""
    output = page.locator(".jp-CodeCell").last.locator(".jp-OutputArea-output")
    output.get_by_text(before).first.wait_for()
    picture = output.locator("img").last
    source = picture.get_attribute("src")
    page.locator(HANDLE).focus()
    page.keyboard.press("ArrowRight")
    output.get_by_text(after).first.wait_for()

    def redrawn():
        """The text comes first, the picture a moment later."""
        return picture.evaluate_all(DRAWN) == 1 and picture.get_attribute("src") != source

    wait(60, "another picture", redrawn)


def test_a_slider_changes_what_is_drawn(page, lab):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLIDER)])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    run_all(page, lab, "slider.ipynb", notebook, seconds=180)
    slide(page, "ok: the square of 3 is 9", "ok: the square of 4 is 16")


def test_the_epsilon_slider_of_lesson_11_redraws(page, lab):
    lesson = nbformat.read(ROOT / "notebooks" / "11_adversarial_examples.ipynb", as_version=4)
    last = next(i for i, cell in enumerate(lesson.cells) if "interact(" in cell.source)
    lesson.cells = lesson.cells[: last + 1]
    run_all(page, lab, "epsilon.ipynb", lesson, seconds=300)
    slide(page, "epsilon 0.10: the network says", "epsilon 0.11: the network says")
