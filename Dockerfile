# docker build -t motif-harness . && docker run --rm -v "$PWD:/runs" motif-harness list
# Not run where it was written, which has no Docker: take it as a start.
FROM python:3.12-slim

COPY . /source
RUN pip install --no-cache-dir /source && rm -r /source

# Runs are written under /runs; simulated data and compiled programs are kept in /cache.
ENV HARNESS_CACHE=/cache
VOLUME ["/runs", "/cache"]
WORKDIR /runs
ENTRYPOINT ["harness"]
CMD ["--help"]
