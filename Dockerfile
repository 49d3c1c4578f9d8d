# One image for every process; which one runs is the command: loader, extractor, adaptor, scheduler, or up for all.
#   docker build -t device-enrolment .
#   docker run -v /srv/enrol:/srv/enrol device-enrolment init
#   docker run -v /srv/enrol:/srv/enrol --read-only device-enrolment loader
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:24-bookworm-slim
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY config config
COPY shared shared
COPY daemons daemons
COPY jobs jobs
COPY bin bin
# Configuration, spool and var live on this volume; the program itself is read-only.
ENV ENROL_HOME=/srv/enrol
RUN mkdir /srv/enrol && chown node:node /srv/enrol
VOLUME /srv/enrol
USER node
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=10s CMD ["node", "bin/enrol.js", "status", "--json"]
ENTRYPOINT ["node", "bin/enrol.js"]
CMD ["up"]
