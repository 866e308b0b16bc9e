# Two stages: the packages are installed in one, and only what runs is in the other.
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/leimo
# What leimo depends on changes seldom: a layer of its own.
COPY pyproject.toml constraints.txt ./
# With the extras that services use: stores, archive and login of the center, channels of deliver.
RUN python -c "import tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*p['dependencies'], *(one for extra in ('apprise', 'clickhouse', 'oidc', 'parquet', 'postgres') for one in p['optional-dependencies'][extra]), sep='\n')" > requirements.txt \
    && /opt/leimo/bin/pip install --no-cache-dir --constraint constraints.txt --requirement requirements.txt
COPY . .
RUN /opt/leimo/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
# A volume that is mounted at /var/lib/leimo gets the owner of this folder when it is made.
RUN useradd --system --uid 10001 --no-create-home leimo \
    && install --directory --owner=leimo --group=leimo --mode=0700 /var/lib/leimo
COPY --from=build /opt/leimo /opt/leimo
ENV PATH=/opt/leimo/bin:$PATH PYTHONUNBUFFERED=1
# What runs, for those who look at the image. A label cannot be read from a file, so the version of
# leimo stands here, and pyproject.toml takes it from here. --build-arg REVISION=$(git rev-parse HEAD)
ARG REVISION=unknown
LABEL org.opencontainers.image.title=leimo \
      org.opencontainers.image.version=0.1.0 \
      org.opencontainers.image.revision=$REVISION \
      org.opencontainers.image.licenses=Apache-2.0
USER leimo
# May be written: Faust and jieba keep files there that nobody needs again. What is to be kept, the
# center's, lies in /var/lib/leimo.
WORKDIR /tmp
ENTRYPOINT ["leimo"]
CMD ["--help"]
