import { z } from 'zod';

import { jobs } from '../../jobs/registry.ts';
import { overview } from '../../shared/operator/overview.ts';
import { deviceStatuses } from '../../shared/store/states/device.ts';
import { batch, toBatch } from './batches.ts';
import { daemon, inbox, toDaemons, toInbox } from './daemons.ts';
import { lookup, type Endpoint } from './endpoint.ts';
import { answer, count, faultAnswer, time, toFaultAnswer } from './fields.ts';
import { file, toFile } from './files.ts';

const answered = answer('Overview', {
  at: time,
  daemons: z.array(daemon),
  fullDisks: z
    .array(
      answer('FullDisk', { folder: z.string(), freeMegabytes: z.number(), reserveMegabytes: z.number() }),
    )
    .describe('Nothing new is taken in there until there is room.'),
  inboxes: z.array(inbox),
  filesInTrouble: z.array(file).describe('The newest that are rejected, held or deferred.'),
  batchesInError: z.array(batch).describe('The newest of them.'),
  restingProviders: z
    .array(
      answer('RestingProvider', {
        provider: z.string(),
        until: time.nullable(),
        fault: faultAnswer.nullable(),
      }),
    )
    .describe('Providers that failed, and are left alone for a while.'),
  devices: z.partialRecord(z.enum(deviceStatuses), count).describe('How many devices have which status.'),
});

/** Is everything well? */
export const overviewEndpoint: Endpoint = lookup({
  path: '/overview',
  id: 'getOverview',
  role: 'viewer',
  summary: 'How everything stands, in one answer',
  response: answered,
  run: async ({ db, loaded, clock }) => {
    const now = clock.now();
    const seen = await overview(
      loaded,
      db,
      jobs.map(({ key }) => key),
      now,
    );
    return {
      at: now.toISOString(),
      daemons: toDaemons(seen.daemons),
      fullDisks: seen.shortOfRoom.map(({ folder, freeMegabytes, reserveMegabytes }) => ({
        folder,
        freeMegabytes,
        reserveMegabytes,
      })),
      inboxes: seen.inboxes.map(toInbox),
      filesInTrouble: seen.problems.map(toFile),
      batchesInError: seen.batchesInError.map(toBatch),
      restingProviders: seen.resting.map((rest) => ({
        provider: rest.provider_id,
        until: rest.rests_until,
        fault: toFaultAnswer(rest.fault_code, rest.detail),
      })),
      devices: seen.devices,
    };
  },
});
