# docker build -t motif-harness . && docker run --rm -v "$PWD:/work" motif-harness list
# Not run where it was written, which has no Docker: take it as a start.
FROM python:3.12-slim

COPY . /source
RUN pip install --no-cache-dir /source && rm -r /source

# Runs are written under /work; simulated data and compiled programs are kept in /cache.
ENV HARNESS_CACHE=/cache
VOLUME ["/work", "/cache"]
WORKDIR /work
ENTRYPOINT ["harness"]
CMD ["--help"]
