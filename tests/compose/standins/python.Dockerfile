# Stands in for python:3.11-slim-bookworm: the same distribution, with its own Python 3.11 where the official image has it.
ARG BASE
FROM ${BASE}
RUN apt-get update \
 && apt-get install -y --no-install-recommends netbase python3.11 python3.11-venv tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && ln -s /usr/bin/python3.11 /usr/local/bin/python3
