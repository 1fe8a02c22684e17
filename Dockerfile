# One image for every part of a deployment; what a container is, its command says: web, worker, migrate, simulator.
#   docker build --tag quanzu:0.3.0 .
# Bases are pinned by tag. For a build that can be repeated to the byte, add the digest that your own registry shows.

# ---- builder: the runtime's pinned versions and our packages, in a virtual environment that is copied whole
FROM python:3.11.13-slim-bookworm AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
WORKDIR /build
RUN python -m venv /usr/local/lib/quanzu
ENV PATH=/usr/local/lib/quanzu/bin:$PATH
# libraries first: they change less often than we do. requirements.txt pins, pyproject.toml says what is needed to run
COPY requirements.txt pyproject.toml ./
RUN python -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" > needed.txt \
    && pip install --constraint requirements.txt --requirement needed.txt setuptools
COPY README.md LICENSE ./
COPY config config
COPY dispatcher dispatcher
COPY workers workers
COPY web web
COPY cli cli
COPY simulator simulator
COPY migrations migrations
RUN pip install --no-deps --no-build-isolation . \
    && pip uninstall --yes setuptools pip

# ---- runtime: no compiler, no pip of ours, no root
FROM python:3.11.13-slim-bookworm AS runtime
ARG VERSION=0.3.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="quanzu" \
      org.opencontainers.image.description="Warning dispatch for anti-fraud centres" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN groupadd --gid 10001 quanzu \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/quanzu --shell /usr/sbin/nologin quanzu \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/quanzu /var/lib/quanzu-keys
COPY --from=builder /usr/local/lib/quanzu /usr/local/lib/quanzu
COPY deploy/health.py /usr/local/lib/quanzu/health.py
ENV PATH=/usr/local/lib/quanzu/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    QUANZU_HOME=/var/lib/quanzu \
    QUANZU_KEYS_FILE=/var/lib/quanzu-keys/keys.json
WORKDIR /var/lib/quanzu
USER 10001:10001
EXPOSE 8496
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["python", "/usr/local/lib/quanzu/health.py"]
ENTRYPOINT ["quanzu"]
CMD ["--help"]

# ---- flower: the same, and a page that shows workers and queues (docker compose --profile monitoring)
FROM builder AS flower-builder
COPY deploy/flower/requirements.txt ./flower.txt
RUN python -m ensurepip \
    && python -m pip install --constraint requirements.txt --requirement flower.txt \
    && python -m pip uninstall --yes pip setuptools

FROM runtime AS flower
COPY --from=flower-builder /usr/local/lib/quanzu /usr/local/lib/quanzu
COPY deploy/flower/flowerconfig.py /etc/flower/flowerconfig.py
EXPOSE 5555
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:5555/healthcheck', timeout=5)"]
ENTRYPOINT ["celery"]
CMD ["flower", "--conf=/etc/flower/flowerconfig.py"]

# ---- what `docker build .` makes
FROM runtime
