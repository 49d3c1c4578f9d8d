import { z } from 'zod';

import { readProbes } from '../../shared/probes/measure.ts';
import type { Reading } from '../../shared/probes/probe.ts';
import { listChanges, type ProbeChange } from '../../shared/store/probes.ts';
import { probeStates } from '../../shared/store/states/probe.ts';
import { lookup, type Endpoint } from './endpoint.ts';
import { answer, id, listOf, newestFirst, time } from './fields.ts';
import { fetched, partOf } from './parts.ts';

const probe = answer('Probe', {
  probe: z.string(),
  kind: z.string(),
  subject: z.string().describe('Empty where there is one of the kind.'),
  state: z.enum(probeStates),
  value: z.number().nullable().describe('Null: it could not be measured.'),
  unit: z.string(),
  target: z.string().describe('What the value should be, in words.'),
  sentence: z.string().describe('What is the matter, and what to do.'),
});

const toProbe = (reading: Reading): z.input<typeof probe> => ({
  probe: reading.probe,
  kind: reading.kind,
  subject: reading.subject,
  state: reading.state,
  value: reading.value,
  unit: reading.unit,
  target: reading.target,
  sentence: reading.sentence,
});

const probeChange = answer('ProbeChange', {
  id,
  probe: z.string(),
  at: time,
  before: z.enum(probeStates).nullable(),
  after: z.enum(probeStates),
  value: z.number().nullable(),
  unit: z.string(),
  sentence: z.string(),
});

const toChange = (row: ProbeChange): z.input<typeof probeChange> => ({
  id: row.id,
  probe: row.probe,
  at: row.at,
  before: row.before,
  after: row.after,
  value: row.value,
  unit: row.unit,
  sentence: row.sentence,
});

/** What is measured and compared with its target. */
export const probeEndpoints: readonly Endpoint[] = [
  lookup({
    path: '/probes',
    id: 'listProbes',
    role: 'viewer',
    summary: 'Every probe as it is now, the worst first',
    response: answer('ProbeList', { items: z.array(probe) }),
    run: async ({ db, loaded, clock }) => ({
      items: (await readProbes(loaded, db, clock.now())).map(toProbe),
    }),
  }),
  lookup({
    path: '/probe-changes',
    id: 'listProbeChanges',
    role: 'viewer',
    summary: 'What has changed, newest first',
    query: newestFirst,
    response: listOf('ProbeChangeList', probeChange),
    run: async ({ db }, asked) => {
      const found = await listChanges(db, fetched(asked.query));
      return partOf(asked, found, toChange, (row) => ({ before: row.id }));
    },
  }),
];
