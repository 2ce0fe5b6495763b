# Two images: site, for web, beat and the jobs; and worker, which is the same with a browser for the pictures of reports.
# Behind a proxy that opens TLS: docker build --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt ...
ARG PYTHON_IMAGE=python:3.11.16-slim-bookworm@sha256:0bee7276f83efd4a1ee05bbbf4281d95ed28e079220a9457f25a93e3f1e3c31b

FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/lgs
COPY requirements/build.txt requirements/build.txt
RUN --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export PIP_CERT=/run/secrets/ca; fi; \
    /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/build.txt
COPY requirements.txt .
COPY requirements/drivers.txt requirements/drivers.txt
# The root is read-only later, so that what is not compiled here would be compiled again at every start.
RUN --mount=type=secret,id=ca \
    if [ -s /run/secrets/ca ]; then export SSL_CERT_FILE=/run/secrets/ca; fi; \
    /opt/build/bin/uv pip install --no-cache --compile-bytecode --python /opt/lgs/bin/python \
      --require-hashes -r requirements.txt -r requirements/drivers.txt
COPY . .
RUN /opt/build/bin/uv build --wheel --no-build-isolation --python /opt/build/bin/python --out-dir /dist \
 && /opt/build/bin/uv pip install --offline --no-cache --no-deps --compile-bytecode --python /opt/lgs/bin/python /dist/*.whl

FROM ${PYTHON_IMAGE} AS site
RUN groupadd --gid 10001 lgs \
 && useradd --uid 10001 --gid lgs --no-create-home --home-dir /var/lib/lgs --shell /usr/sbin/nologin lgs \
 && install -d -o lgs -g lgs -m 0700 /var/lib/lgs
COPY --from=build /opt/lgs /opt/lgs
ENV PATH=/opt/lgs/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SUPERSET_CONFIG_PATH=/opt/lgs/lib/python3.11/site-packages/bootstrap/_data/superset/superset_config.py \
    SUPERSET_HOME=/tmp/superset \
    LGS_CACHE_DIR=/tmp/cache \
    LGS_HOME=/var/lib/lgs
USER 10001:10001
WORKDIR /var/lib/lgs
CMD ["python", "-m", "bootstrap.server.containers", "web"]

FROM site AS worker
USER root
ENV PLAYWRIGHT_BROWSERS_PATH=/opt/browsers
RUN apt-get update \
 && apt-get install -y --no-install-recommends chromium-headless-shell fonts-dejavu-core libatomic1 \
 && rm -rf /var/lib/apt/lists/* \
 && python -m bootstrap.server.browser /usr/bin/chromium-headless-shell $PLAYWRIGHT_BROWSERS_PATH
USER 10001:10001
