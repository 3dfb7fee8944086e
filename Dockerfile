# Not yet built anywhere: no engine was at hand where this was written. A test holds what can be held without one: every file
# that is copied exists, the packages are those of .ci/run, the health check asks a page that there is.
#
#   docker build -t rutan . && docker run -p 127.0.0.1:8080:8080 -v rutan:/var/lib/rutan rutan

FROM python:3.11-slim-bookworm AS build
WORKDIR /opt/rutan
COPY requirements.lock pyproject.toml ./
# Names, versions and hashes only: pip refuses anything else.
RUN python -m venv .venv \
    && .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY LICENSE README.md ./
COPY content content
COPY handlers handlers
COPY scheduler scheduler
COPY bot bot
# What a draft of the knowledge is tried out on at the desk.
COPY tests/golden tests/golden
# The check leaves the compiled knowledge beside the content: the service only reads it.
RUN .venv/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation -e . \
    && .venv/bin/rutan content check

FROM python:3.11-slim-bookworm
# What reads the words of screenshots. Typefaces come with the Python packages.
RUN apt-get update \
    && apt-get install -y --no-install-recommends tesseract-ocr tesseract-ocr-tha \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/rutan --create-home --shell /usr/sbin/nologin rutan
COPY --from=build /opt/rutan /opt/rutan
ENV PATH=/opt/rutan/.venv/bin:$PATH \
    DATABASE_URL=sqlite:////var/lib/rutan/rutan.db \
    HOST=0.0.0.0 \
    PORT=8080 \
    LOG_FORMAT=json \
    MPLCONFIGDIR=/tmp/matplotlib
USER rutan
WORKDIR /var/lib/rutan
VOLUME /var/lib/rutan
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health/ready', timeout=4)"]
ENTRYPOINT ["rutan"]
CMD ["serve"]
