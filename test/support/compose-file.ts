import { readFileSync } from 'node:fs';

import { parse } from 'yaml';
import { z } from 'zod';

/** compose.yaml, as far as tests ask for it. Its own schema knows the rest. */

export const composePath = new URL('../../compose.yaml', import.meta.url);

const service = z.looseObject({
  image: z.string(),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  depends_on: z.record(z.string(), z.looseObject({ condition: z.string() })).default({}),
  volumes: z.array(z.templateLiteral([z.string(), ':', z.string()])).default([]),
  networks: z.array(z.string()),
  secrets: z.array(z.string()).default([]),
  profiles: z.array(z.string()).default([]),
  stop_grace_period: z.templateLiteral([z.number(), 's']).optional(),
  deploy: z.object({ replicas: z.number() }).default({ replicas: 1 }),
});

const composeFile = z.looseObject({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.unknown()),
  networks: z.record(z.string(), z.unknown()),
  secrets: z.record(z.string(), z.unknown()),
});

export type ComposeFile = z.infer<typeof composeFile>;
export type Service = z.infer<typeof service>;

/** The file as YAML, with `<<` carried out. */
export const composeYaml = (): unknown => parse(readFileSync(composePath, 'utf8'), { merge: true });

export const readCompose = (): ComposeFile => composeFile.parse(composeYaml());
