# One image for every process; which one runs is the command: loader, extractor, adaptor, scheduler, console, or up for
# all. The processes write to /srv/enrol and /tmp only.
#   docker build --tag device-enrolment .
#   docker run --rm --volume enrol:/srv/enrol device-enrolment init
#   docker run --init --volume enrol:/srv/enrol --read-only --tmpfs /tmp device-enrolment loader
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Nothing that is installed here needs a script, and none of them shall run.
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-bookworm-slim
# A volume that is empty takes the owner from here.
RUN install --directory --owner=node --group=node --mode=0750 /srv/enrol
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY config config
COPY shared shared
COPY daemons daemons
COPY jobs jobs
COPY console console
COPY bin bin
ENV ENROL_HOME=/srv/enrol
VOLUME /srv/enrol
USER node
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s CMD ["node", "bin/enrol.js", "health"]
ENTRYPOINT ["node", "bin/enrol.js"]
CMD ["up"]
