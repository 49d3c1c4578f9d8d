import { z } from 'zod';

import { auditEndpoint } from './audit.ts';
import { batchEndpoints } from './batches.ts';
import { daemonEndpoints } from './daemons.ts';
import { deviceEndpoints } from './devices.ts';
import { lookup, type Endpoint } from './endpoint.ts';
import { answer } from './fields.ts';
import { fileEndpoints } from './files.ts';
import { intakeEndpoints } from './intakes.ts';
import { jobSettingEndpoints } from './job-settings.ts';
import { jobEndpoints } from './jobs.ts';
import { keyEndpoint } from './keys.ts';
import { propertyEndpoints } from './module-properties.ts';
import { openApiOf } from './openapi.ts';
import { orderEndpoints } from './orders.ts';
import { overviewEndpoint } from './overview.ts';
import { probeEndpoints } from './probes.ts';
import { requestEndpoints } from './provider-requests.ts';
import { settingEndpoints } from './settings.ts';
import { eventEndpoint } from './workflow-events.ts';

/** Strangers do not learn what there is: `enrol api openapi` prints the same for whoever writes a program. */
const documentEndpoint: Endpoint = lookup({
  path: '/openapi.json',
  id: 'getOpenApi',
  role: 'viewer',
  summary: 'This document',
  response: answer('OpenApi', {
    openapi: z.string(),
    info: z.unknown(),
    servers: z.unknown(),
    security: z.unknown(),
    tags: z.unknown(),
    paths: z.unknown(),
    components: z.unknown(),
  }),
  run: () => Promise.resolve(openApiDocument()),
});

/** Every endpoint, in the order of the document. */
export const endpoints: readonly Endpoint[] = [
  overviewEndpoint,
  ...probeEndpoints,
  ...daemonEndpoints,
  ...intakeEndpoints,
  ...jobEndpoints,
  ...jobSettingEndpoints,
  ...batchEndpoints,
  ...fileEndpoints,
  ...deviceEndpoints,
  ...orderEndpoints,
  ...requestEndpoints,
  eventEndpoint,
  ...propertyEndpoints,
  ...settingEndpoints,
  keyEndpoint,
  auditEndpoint,
  documentEndpoint,
];

/** The endpoints as OpenAPI 3.1 tells them. */
export function openApiDocument(): ReturnType<typeof openApiOf> {
  return openApiOf(endpoints);
}
