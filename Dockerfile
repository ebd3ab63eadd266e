# Images of PAMPAX: `docker build --target gateway .`, or search, assembly, indexing, worker, migrate, collector, load.
# Packages come from where pip of the base image takes them, each checked against its recorded hash.

# The packages that every service needs, in an environment of their own. It moves to the images as a whole, so it lies
# at the same place there.
FROM python:3.13-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN apt-get update && apt-get install -y --no-install-recommends binutils && rm -rf /var/lib/apt/lists/*
RUN python -m venv --without-pip /opt/pampax
WORKDIR /build
COPY requirements/service.txt requirements/
# `slim` takes out what no process ever reads: symbols for debuggers, sources of C and Cython, types, tests. With `bare`
# Python's sources go as well, and what was compiled of them takes their place; a traceback then names files and lines only.
COPY --chmod=755 <<'EOT' /usr/local/bin/slim
#!/bin/sh
set -eu
cd ${2:-/opt/pampax}/lib/python3.13/site-packages
find . -name '*.so*' -type f -exec strip --strip-unneeded {} +
find . \( -name '*.py[ix]' -o -name '*.pxd' -o -name '*.[acho]' -o -name '*.cyclonedx.json' -o -name RECORD \) -type f -delete
find . -type d \( -name tests -o -name test \) -prune -exec rm -rf {} +
rm -rf numpy/f2py numpy/random numpy/_core/include numpy/_core/lib
if [ "${1:-}" = bare ]; then
    /opt/pampax/bin/python -m compileall -q -b -j 0 .
    find . -type d -name __pycache__ -prune -exec rm -rf {} +
    find . -name '*.py' -delete
fi
EOT
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/pampax/bin/python install --compile --no-deps --require-hashes -r requirements/service.txt && slim

# The project itself, compiled, to be laid over any of the environments.
FROM packages AS project
COPY requirements/bootstrap.txt requirements/
RUN --mount=type=cache,target=/root/.cache/pip pip install --require-hashes -r requirements/bootstrap.txt
COPY pyproject.toml README.md LICENSE VERSION ./
COPY tools/version.py tools/
COPY libs libs
COPY clients clients
COPY services services
# The history that the version is counted from is not here: tools/version.py prints it, and whoever builds passes it on.
ARG BUILD_VERSION=
RUN pip wheel --no-deps --no-build-isolation --no-index --wheel-dir dist . && \
    pip --python /opt/pampax/bin/python install --compile --no-deps --no-index --prefix /project dist/*.whl && \
    cp -r /project /bare-project && slim bare /bare-project

FROM packages AS gateway-packages
COPY requirements/gateway.txt requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/pampax/bin/python install --compile --no-deps --require-hashes -r requirements/gateway.txt && slim

FROM packages AS search-packages
COPY requirements/search.txt requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/pampax/bin/python install --compile --no-deps --require-hashes -r requirements/search.txt && slim

FROM packages AS assembly-packages
COPY requirements/assembly.txt requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/pampax/bin/python install --compile --no-deps --require-hashes -r requirements/assembly.txt && slim

# The compiler is for tree-sitter-dart-orchard, which is published as source only; it stays behind in this stage.
FROM packages AS indexing-packages
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY requirements/indexing.txt requirements/
RUN --mount=type=cache,target=/root/.cache/pip \
    pip --python /opt/pampax/bin/python install --compile --no-deps --require-hashes -r requirements/indexing.txt && slim bare

FROM packages AS load-packages
COPY requirements/load.txt requirements/
RUN --mount=type=cache,target=/root/.cache/pip rm -rf /opt/pampax && python -m venv --without-pip /opt/pampax && \
    pip --python /opt/pampax/bin/python install --compile --no-deps --require-hashes -r requirements/load.txt

# What all images share: no compiler, no root, nothing to write but what is mounted. Python writes no bytecode at run
# time, because all of it was compiled above.
FROM python:3.13-slim AS base
LABEL org.opencontainers.image.vendor="PAMPAX" org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 pampax && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin pampax && \
    install -d -o 10001 -g 10001 -m 0750 /run/pampax
ENV PATH=/opt/pampax/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONSAFEPATH=1
WORKDIR /
STOPSIGNAL SIGTERM

FROM base AS gateway
LABEL org.opencontainers.image.title="pampax-gateway" \
      org.opencontainers.image.description="REST and gRPC for clients: authentication, bounds, cached answers"
COPY --from=gateway-packages /opt/pampax /opt/pampax
COPY --from=project /project /opt/pampax
ENV PAMPAX_GATEWAY__HTTP_ADDRESS=0.0.0.0:8080 PAMPAX_GATEWAY__GRPC_ADDRESS=0.0.0.0:50050 \
    PAMPAX_GATEWAY__METRICS_ADDRESS=0.0.0.0:9100
EXPOSE 8080 50050 9100
USER 10001:10001
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-m", "pampax.runtime.probe", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["python", "-m", "pampax.gateway"]

FROM base AS search
LABEL org.opencontainers.image.title="pampax-search" \
      org.opencontainers.image.description="Ranked code with the evidence for each result"
COPY --from=search-packages /opt/pampax /opt/pampax
COPY --from=project /project /opt/pampax
ENV PAMPAX_SEARCH__ADDRESS=0.0.0.0:50051 PAMPAX_SEARCH__METRICS_ADDRESS=0.0.0.0:9100
EXPOSE 50051 9100
USER 10001:10001
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-m", "pampax.runtime.probe", "grpc://127.0.0.1:50051/pampax.v1.SearchService"]
ENTRYPOINT ["python", "-m", "pampax.search"]

FROM base AS assembly
LABEL org.opencontainers.image.title="pampax-assembly" \
      org.opencontainers.image.description="Bundles: the code that a task needs, inside a token budget"
COPY --from=assembly-packages /opt/pampax /opt/pampax
COPY --from=project /project /opt/pampax
ENV PAMPAX_ASSEMBLY__ADDRESS=0.0.0.0:50052 PAMPAX_ASSEMBLY__METRICS_ADDRESS=0.0.0.0:9100
EXPOSE 50052 9100
USER 10001:10001
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-m", "pampax.runtime.probe", "grpc://127.0.0.1:50052/pampax.v1.AssemblyService"]
ENTRYPOINT ["python", "-m", "pampax.assembly"]

# A client that clones and fetches needs neither Perl nor git's servers, three quarters of what git brings along, and of ssh
# the client alone.
# Perl's packages carry its version in their names, so they are asked for; perl-base stays, which Debian itself needs.
FROM base AS git
RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates openssh-client && \
    perl=$(dpkg-query --show --showformat '${Package}\n' | grep -E '^(perl|perl-modules-.*|libperl[0-9].*)$') && \
    dpkg --purge --force-depends git-man liberror-perl $perl && \
    cd /usr/lib/git-core && \
    rm git-daemon git-http-backend git-http-fetch git-http-push git-imap-send git-shell git-sh-i18n--envsubst scalar && \
    rm -r /usr/lib/openssh && cd /usr/bin && rm ssh-add ssh-agent ssh-keygen ssh-keyscan scp sftp && \
    rm -rf /var/lib/apt/lists/* /var/cache/debconf/*-old && \
    install -d -o 10001 -g 10001 -m 0750 /var/cache/pampax
COPY --from=indexing-packages /opt/pampax /opt/pampax
COPY --from=project /bare-project /opt/pampax
VOLUME /var/cache/pampax
USER 10001:10001

# It does a worker's job itself while Redis is away, so it has all that a worker has.
FROM git AS indexing
LABEL org.opencontainers.image.title="pampax-indexing" \
      org.opencontainers.image.description="Repositories, uploads and operations"
ENV PAMPAX_INDEXING__ADDRESS=0.0.0.0:50053 PAMPAX_INDEXING__METRICS_ADDRESS=0.0.0.0:9100
EXPOSE 50053 9100
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-m", "pampax.runtime.probe", "grpc://127.0.0.1:50053/pampax.v1.IndexingService"]
ENTRYPOINT ["python", "-m", "pampax.indexing"]

FROM git AS worker
LABEL org.opencontainers.image.title="pampax-worker" \
      org.opencontainers.image.description="Runs indexing operations: git, parsers, embeddings"
ENV PAMPAX_INDEXING__WORKER_METRICS_ADDRESS=0.0.0.0:9100 PAMPAX_INDEXING__HEARTBEAT_FILE=/tmp/worker.beat
EXPOSE 9100
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-m", "pampax.runtime.probe", "file:///tmp/worker.beat"]
ENTRYPOINT ["python", "-m", "pampax.indexing", "worker"]

# Migrations, and the secrets of a first start: what runs once, beside the services.
FROM base AS migrate
LABEL org.opencontainers.image.title="pampax-migrate" \
      org.opencontainers.image.description="Brings the database's schema up to date"
# One folder for each audience of the secrets; a volume that is mounted there takes over its owner.
RUN cd /run/pampax && install -d -o 10001 -g 10001 -m 0750 vault gateway services indexing worker migrate \
        client postgres redis
COPY --from=packages /opt/pampax /opt/pampax
COPY --from=project /project /opt/pampax
USER 10001:10001
ENTRYPOINT ["python", "-m"]
CMD ["pampax.storage", "migrate"]

FROM migrate AS collector
LABEL org.opencontainers.image.title="pampax-collector" \
      org.opencontainers.image.description="Takes traces by OTLP and keeps the latest, where nothing larger runs"
USER root
RUN install -d -o 10001 -g 10001 -m 0750 /var/lib/pampax-traces
USER 10001:10001
ENV PAMPAX_COLLECTOR__ADDRESS=0.0.0.0:4317
EXPOSE 4317
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-m", "pampax.runtime.probe", "grpc://127.0.0.1:4317"]
CMD ["pampax.deployment.collector"]

FROM base AS load
LABEL org.opencontainers.image.title="pampax-load" \
      org.opencontainers.image.description="Load tests against a gateway"
COPY --from=load-packages /opt/pampax /opt/pampax
COPY loadtests /loadtests
USER 10001:10001
ENTRYPOINT ["locust", "--locustfile", "/loadtests/locustfile.py"]
