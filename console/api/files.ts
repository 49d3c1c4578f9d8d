import { z } from 'zod';

import {
  discardFile,
  holdFile,
  releaseFile,
  reloadFile,
  retryFile,
} from '../../shared/operator/file-actions.ts';
import { Fault } from '../../shared/runtime/faults.ts';
import { spoolFolder } from '../../shared/runtime/paths.ts';
import { findDelivery, type Delivery } from '../../shared/store/deliveries.ts';
import { listDeliveries } from '../../shared/store/delivery-lists.ts';
import { deliveryStates } from '../../shared/store/states/delivery.ts';
import { change, lookup, type Endpoint } from './endpoint.ts';
import {
  answer,
  count,
  faultAnswer,
  id,
  line,
  listOf,
  newestFirst,
  number,
  time,
  toFaultAnswer,
} from './fields.ts';
import { fetched, partOf } from './parts.ts';

/** The ledger of files, received and produced. */

export const file = answer('File', {
  id,
  name: z.string(),
  direction: z.enum(['received', 'produced']),
  folder: z.string().describe('The inbox, or the folder that it was published into.'),
  state: z.enum(deliveryStates),
  fault: faultAnswer.nullable(),
  place: z.string().nullable().describe('Where it lies, below the spool.'),
  batch: id.nullable(),
  attempts: count,
  crashes: count.describe('Attempts that ended with the process.'),
  bytes: count.nullable(),
  sha256: z.string().nullable(),
  seenAt: time,
  settledAt: time.nullable(),
  nextTryAt: time.nullable(),
});

export const toFile = (row: Delivery): z.input<typeof file> => ({
  id: row.id,
  name: row.name,
  direction: row.direction === 'in' ? 'received' : 'produced',
  folder: row.folder,
  state: row.state,
  fault: toFaultAnswer(row.fault_code, row.detail),
  place: row.place,
  batch: row.batch_id,
  attempts: row.attempts,
  crashes: row.crashes,
  bytes: row.size,
  sha256: row.digest,
  seenAt: row.seen_at,
  settledAt: row.settled_at,
  nextTryAt: row.next_try_at,
});

const params = { file: number.describe('Number of the file.') };

const actions: readonly {
  id: string;
  verb: string;
  summary: string;
  description: string;
  act: typeof retryFile;
}[] = [
  {
    id: 'retryFile',
    verb: 'retry',
    summary: 'Try a rejected or deferred file again now',
    description: 'The daemon of its inbox takes it up at its next look.',
    act: retryFile,
  },
  {
    id: 'holdFile',
    verb: 'hold',
    summary: 'Put a rejected or deferred file aside',
    description: 'It waits in hold/ until somebody releases it.',
    act: holdFile,
  },
  {
    id: 'releaseFile',
    verb: 'release',
    summary: 'Release a held file and try it again',
    description: 'The daemon of its inbox takes it up at its next look.',
    act: releaseFile,
  },
  {
    id: 'reloadFile',
    verb: 'reload',
    summary: 'Load a file that was rejected as a duplicate all the same',
    description: 'Its records will be in the store twice.',
    act: reloadFile,
  },
  {
    id: 'discardFile',
    verb: 'discard',
    summary: 'Put a file that nobody wants any more into rejected/',
    description: 'Nothing is deleted: a retry takes it back.',
    act: discardFile,
  },
];

export const fileEndpoints: readonly Endpoint[] = [
  lookup({
    path: '/files',
    id: 'listFiles',
    role: 'viewer',
    summary: 'Files, newest first',
    query: {
      ...newestFirst,
      state: z.enum(deliveryStates).optional().describe('Only files in this state.'),
      folder: line().optional().describe('Only files of this inbox or folder.'),
    },
    response: listOf('FileList', file),
    run: async ({ db }, asked) => {
      const { state, ...page } = fetched(asked.query);
      const states = state === undefined ? undefined : [state];
      return partOf(asked, await listDeliveries(db, { ...page, states }), toFile, (row) => ({
        before: row.id,
      }));
    },
  }),
  lookup({
    path: '/files/:file',
    id: 'getFile',
    role: 'viewer',
    summary: 'One file: where it is, and what is wrong with it',
    params,
    response: file,
    run: async ({ db }, asked) => {
      const found = await findDelivery(db, asked.params.file);
      if (!found) throw new Fault('NOT_FOUND', `there is no file ${asked.params.file}`);
      return toFile(found);
    },
  }),
  ...actions.map(({ id, verb, summary, description, act }) =>
    change({
      path: `/files/:file/${verb}`,
      id,
      role: 'operator',
      summary,
      description,
      params,
      response: file,
      run: async ({ db, loaded }, operator, asked) =>
        toFile(await act(db, spoolFolder(loaded), operator, asked.params.file)),
    }),
  ),
];
