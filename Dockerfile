# The services of compose.yaml: one image, without compilers, and not root.
FROM python:3.13.7-slim-bookworm AS build
WORKDIR /build
COPY requirements/base.lock requirements/uv.lock requirements/
RUN python -m venv /venv \
    && pip install --no-cache-dir --require-hashes -r requirements/uv.lock \
    && uv pip install --no-cache --python /venv/bin/python --require-hashes -r requirements/base.lock
COPY pyproject.toml README.md LICENSE ./
COPY monitoring_assets monitoring_assets
RUN uv pip install --no-cache --python /venv/bin/python --no-deps .

FROM python:3.13.7-slim-bookworm
RUN useradd --uid 10001 --create-home mlmon && install -d -o mlmon -g mlmon /data
COPY --from=build /venv /venv
COPY --chmod=755 stack/entrypoint.sh /usr/local/bin/with-secrets
COPY stack/workspace.yaml /etc/mlmon/workspace.yaml
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MLMON_HOME=/data/home \
    MLMON_MODELS=/data/home/demo/models
VOLUME /data
USER mlmon
ENTRYPOINT ["with-secrets"]
CMD ["mlmon", "--help"]
