"""Build the notebooks from their sources: `python notebooks/build.py [NN ...] [--exercises-only]`.

src/NN_topic.py (jupytext, percent format) is the only source of
  NN_topic.ipynb            what a learner opens: executed, in the classroom profile, on real data;
  exercises/NN_topic.ipynb  the same to be solved: unexecuted, the solutions taken out;
  claims.md                 every row of the lessons' tables of claims, on one page.
How a source is written stands in README.md beside this file.
"""

import argparse
import copy
import os
import re
import sys
import time
from pathlib import Path

import jupytext
import nbformat

HERE = Path(__file__).resolve().parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},  # no version: it would differ from machine to machine
}
MOST_BYTES = 500_000
# Where Colab gets the package from: put the repository's own address in, then build again.
# --no-deps leaves Colab's own TensorFlow alone.
REPOSITORY_ZIP = "https://github.com/OWNER/gankit/archive/refs/heads/main.zip"
INSTALL = f"""\
try:
    import gankit
except ModuleNotFoundError:  # in Colab
    %pip install -q --no-deps {REPOSITORY_ZIP}"""
ROW = re.compile(r"^\| *(S\d[^|]*)\|(.*)\|\s*$", re.MULTILINE)


def read(source):
    """The notebook of a source: the cell that installs is put in, ids and metadata are fixed."""
    notebook = jupytext.read(source, fmt="py:percent")
    first = [cell.cell_type for cell in notebook.cells].index("code")
    notebook.cells.insert(first, nbformat.v4.new_code_cell(INSTALL))
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for i, cell in enumerate(notebook.cells):
        cell.id = f"c{i:03}"
        cell.metadata = nbformat.from_dict(
            {key: cell.metadata[key] for key in ("tags", "alt") if key in cell.metadata}
        )
    return notebook


# --- the exercise copy ---------------------------------------------------------------------------


def blank(code):
    """Code with `todo` in place of what stands between `# solution` and `# end of solution`."""
    kept, inside = [], False
    for line in code.splitlines():
        start = re.fullmatch(r"( *)# solution(?:: *(.+))?", line)
        if start and not inside:
            inside, indent, hint = True, start[1], start[2]
            if indent:
                kept.append(f"{indent}todo({_quoted(hint)})")
        elif line.strip() == "# end of solution" and inside:
            inside = False
        elif inside and not indent and (value := re.match(r"(\w+) = ", line)):
            kept.append(f"{value[1]} = todo" + (f"  # {hint}" if hint else ""))
        elif not inside:
            entry = re.fullmatch(r"(.*?(?:: | = )).*?(,?)  # solution", line)
            kept.append(f"{entry[1]}todo{entry[2]}" if entry else line)
    if inside:
        raise ValueError(f"there is no '# end of solution' in this cell:\n{code}")
    return "\n".join(kept)


def _quoted(hint):
    return '"' + hint.replace('"', "'") + '"' if hint else ""


def exercise(notebook):
    """The copy to be solved: unexecuted, without solutions."""
    copied = copy.deepcopy(notebook)
    copied.cells = [c for c in copied.cells if "solution" not in c.metadata.get("tags", [])]
    for cell in copied.cells:
        if cell.cell_type == "code":
            cell.source, cell.outputs, cell.execution_count = blank(cell.source), [], None
    return copied


# --- the executed notebook -----------------------------------------------------------------------


def execute(notebook, folder, profile="classroom"):
    """Run all cells with `folder` as the kernel's, saying how far it is; outputs are tidied."""
    from nbclient import NotebookClient

    def said(cell, cell_index, **_):
        done = f"cell {cell_index + 1} of {len(notebook.cells)}"
        print(f"  {done}, {time.monotonic() - began:.0f} s", flush=True)

    began = time.monotonic()
    NotebookClient(
        notebook,
        timeout=None,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_executed=said,
    ).execute(env={**os.environ, "GANKIT_PROFILE": profile})
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = tidy(cell.outputs)


def tidy(outputs):
    """Join what was printed in pieces; leave out what differs from machine to machine.

    A slider goes, too: without the kernel that drew it, it is a line that says "model not found".
    """
    joined = []
    for output in outputs:
        last = joined[-1] if joined else {}
        if output.output_type == "stream" == last.get("output_type") and last.name == output.name:
            last.text += output.text
        else:
            joined.append(output)
    for output in joined:
        if output.output_type == "stream":
            output.text = plain(output.text)
        for kind, data in output.get("data", {}).items():
            if kind.startswith("text/"):
                output.data[kind] = plain(data)
    dead = "application/vnd.jupyter.widget-view+json"
    return [o for o in joined if o.get("text") != "" and dead not in o.get("data", {})]


def plain(text):
    """Text as a terminal shows it at last, without colours, addresses and folders of a machine."""
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r\n", "\n")
    text = re.sub(r"[^\n]*\r([^\n]+)", lambda line: line[1].rstrip(), text).replace("\r", "")
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    return re.sub(r"(?<![\w.:/<])/(?:[\w.+@-]+/)+", "", text)


def refusals(notebook):
    """Why an executed notebook must not be kept: a list of sentences, empty if all is well."""
    found = []
    for cell in notebook.cells:
        text = str(cell.get("outputs", ""))
        if "(stand-in" in text or "(sample," in text:
            found.append(
                f"{cell.id} ran on a stand-in or the sample; point $GANKIT_DATA at real data"
            )
        if any(output.output_type == "error" for output in cell.get("outputs", [])):
            found.append(f"{cell.id} ended in an error")
    size = len(nbformat.writes(notebook).encode())
    if size > MOST_BYTES:
        found.append(f"it takes {size:,} bytes, more than {MOST_BYTES:,}: show fewer pictures")
    return found


# --- the page of claims --------------------------------------------------------------------------


def claims(notebook):
    """Rows of the table of claims: `(items, [claim, theirs, ours, verdict])`."""
    rows = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for items, rest in ROW.findall(cell.source):
                items = items.strip().split(", ")
                cells = [part.strip() for part in re.split(r"(?<!\\)\|", rest)]
                numbers = all(re.fullmatch(r"S\d+\.\d+", item) for item in items)
                if not numbers or len(cells) != 4 or not all(cells):
                    raise ValueError(
                        f"the row of {items} wants the form | S2.12, S2.13 | the claim | theirs | "
                        "ours | verdict |, with a text in every cell"
                    )
                rows.append((items, cells))
    return rows


def claims_page(notebooks):
    """The page, from `{name: notebook}`."""
    lines = [
        "# What the documents claim, and what the lessons found",
        "",
        "Made by `notebooks/build.py` from the tables at the lessons' ends. Verdicts: holds, holds "
        "with limits, fails, cannot be told here, context.",
        "",
        "| item | the claim | theirs | ours | verdict | lesson |",
        "|---|---|---|---|---|---|",
    ]
    rows = [(row, name) for name, notebook in notebooks.items() for row in claims(notebook)]
    rows.sort(key=lambda row: [int(n) for n in re.findall(r"\d+", row[0][0][0])])
    for (items, cells), name in rows:
        lines.append(f"| {' | '.join([', '.join(items), *cells])} | [{name[:2]}]({name}.ipynb) |")
    return "\n".join(lines) + "\n"


def build(source, folder, exercises_only=False, profile="classroom"):
    """Write the two notebooks of one source into `folder`; returns whether all went well."""
    print(source.stem, flush=True)
    notebook = read(source)
    (folder / "exercises").mkdir(exist_ok=True)
    nbformat.write(exercise(notebook), folder / "exercises" / f"{source.stem}.ipynb")
    if exercises_only:
        return True
    try:
        execute(notebook, folder, profile)
        why = refusals(notebook)
    except Exception as error:  # a cell's: its last lines say which
        why = [re.sub(r"\x1b\[[0-9;]*m", "", str(error))]
    if why:
        print(f"{source.stem} was not written:\n  " + "\n  ".join(why), file=sys.stderr)
        return False
    nbformat.write(notebook, folder / f"{source.stem}.ipynb")
    return True


def main(arguments=None):
    """Build the lessons named by their numbers, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", help="numbers, such as 01; all if none is given")
    parser.add_argument("--exercises-only", action="store_true", help="execute nothing")
    chosen = parser.parse_args(arguments)
    sources = sorted((HERE / "src").glob("[0-9][0-9]_*.py"))
    unknown = set(chosen.lessons) - {source.name[:2] for source in sources}
    if unknown:
        parser.error(f"there is no source notebooks/src/{sorted(unknown)[0]}_*.py")
    wanted = [s for s in sources if not chosen.lessons or s.name[:2] in chosen.lessons]
    results = [build(source, HERE, chosen.exercises_only) for source in wanted]
    page = claims_page({source.stem: read(source) for source in sources})
    (HERE / "claims.md").write_text(page, encoding="utf-8")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
