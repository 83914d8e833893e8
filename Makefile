# make lab        open the course (ARGS=--no-browser on a server, GPU=1 for an NVIDIA card)
# make test       ruff, the unit tests, and every notebook in the smoke profile
# make test BACKEND=torch   the core's unit tests under PyTorch (or jax), in .venv-torch
#                 (with UV_TORCH_BACKEND=cpu before it, uv leaves out gigabytes of CUDA)
# make notebooks  build the notebooks again from notebooks/src (minutes, on real data)
# make run NAME=dcgan_fashion_mnist   train a reference run, or go on with it
# make bench      ratios side by side (benchmarks/README.md; ARGS="--torch-python PYTHON" adds PyTorch)
# make install    only the environment, .venv

PYTHON  ?= python3
BACKEND ?= tensorflow
ifeq ($(BACKEND),tensorflow)
VENV    := .venv
# Once for the GPU, always for the GPU: two TensorFlows in one environment break each other.
DEVICE  := $(if $(filter-out 0,$(GPU))$(wildcard $(VENV)/for-gpu),gpu,cpu)
EXTRAS  := $(DEVICE),course,test
else
# TensorFlow is there too: its steps and files are what the other backend is compared with.
VENV    := .venv-$(BACKEND)
DEVICE  := cpu
EXTRAS  := cpu,$(BACKEND),test
endif
PY      := $(VENV)/bin/python
READY   := $(VENV)/ready-$(DEVICE)
LESSONS  = $(wildcard notebooks/*.ipynb notebooks/exercises/*.ipynb)

.PHONY: install lab test notebooks run bench

install: $(READY)

lab: $(READY)
	$(PY) -m jupyterlab notebooks/01_gan_basics.ipynb $(ARGS)

test: export KERAS_BACKEND = $(BACKEND)
test: export GANKIT_PROFILE = smoke
test: export GANKIT_OFFLINE = 1
test: $(READY)
	$(PY) -m ruff check .
	$(PY) -m pytest tests -m "not realdata"
ifeq ($(BACKEND),tensorflow)
	$(PY) -m pytest --nbval-lax $(LESSONS)
endif

notebooks: $(READY)
	$(PY) notebooks/build.py $(ARGS)

run: $(READY)
	$(PY) -m gankit.runs $(NAME) --resume $(ARGS)

bench: $(READY)
	$(PY) benchmarks/throughput.py $(ARGS)

# uv installs in a quarter of the time; pip does where there is none.
$(READY): pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))" || \
	  { echo "gankit needs Python 3.11, 3.12 or 3.13, and '$(PYTHON)' is" `$(PYTHON) --version`": try make PYTHON=python3.12 ..."; exit 1; }
	if command -v uv >/dev/null; then \
	  { test -x $(PY) || uv venv --python `command -v $(PYTHON)` $(VENV); } && \
	  if test "$(DEVICE)" = gpu; then rm -f $(VENV)/ready-cpu; touch $(VENV)/for-gpu; uv pip uninstall --python $(PY) tensorflow-cpu; fi && \
	  uv pip install --python $(PY) -e ".[$(EXTRAS)]"; \
	else \
	  { test -x $(PY) || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }; } && \
	  if test "$(DEVICE)" = gpu; then rm -f $(VENV)/ready-cpu; touch $(VENV)/for-gpu; $(PY) -m pip uninstall -y tensorflow-cpu; fi && \
	  $(PY) -m pip install -e ".[$(EXTRAS)]"; \
	fi
	@rm -f $(VENV)/ready-*; touch $@
