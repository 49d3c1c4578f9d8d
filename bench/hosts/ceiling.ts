import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

import type { PostgresStores } from '../../test/support/temporary-postgres.ts';
import { timed } from '../figures.ts';
import { guard } from '../scene/leavings.ts';
import { accountOf, perThing, type Account } from './server-account.ts';
import { watchWaits, type Waited } from './waits.ts';

/** What the store alone can take: the daemons' statements in their order, without a file or a key. */

export const ceilings = [
  'store-files',
  'store-publications',
  'store-requests',
  'commits',
  'commits-that-ring',
] as const;
export type CeilingName = (typeof ceilings)[number];

export interface CeilingRun {
  readonly name: CeilingName;
  readonly processes: number;
  readonly things: number;
  readonly perSecond: number;
  /** Of the processes that ask the server, all together; in seconds for a thing. */
  readonly clientCpu: number;
  /** For a thing. */
  readonly server: Account;
  readonly waited: Waited;
}

/** What a process is told, on its command line. */
export interface CeilingOrder {
  readonly name: CeilingName;
  readonly url: string;
  /** Number of the first thing. */
  readonly from: number;
  /** So many first, so that the process and the server are warm. */
  readonly warmUp: number;
  readonly count: number;
}

/** What each process does first. */
const warmUpOf = (count: number): number => Math.min(256, count);

export async function measureCeiling(
  stores: PostgresStores,
  name: CeilingName,
  { processes, things }: { readonly processes: number; readonly things: number },
): Promise<CeilingRun> {
  const url = await stores.create();
  const each = Math.ceil(things / processes);
  const warmUp = warmUpOf(each);
  const children = Array.from({ length: processes }, (_, index) =>
    start({ name, url, from: index * (each + warmUp), warmUp, count: each }),
  );
  await Promise.all(children.map(answerOf)); // Warm, and ready.
  const database = new URL(url).pathname.slice(1);
  const before = await accountOf(stores.server, database);
  let cpu = 0;
  const { result: seconds, waited } = await watchWaits(url, () =>
    timed(async () => {
      for (const child of children) child.send('go');
      const used = await Promise.all(children.map(answerOf));
      cpu = used.reduce((total, seconds) => total + seconds, 0);
    }),
  );
  const server = perThing(before, await accountOf(stores.server, database), each * processes);
  const ends = children.map((child) => once(child, 'exit'));
  for (const child of children) child.disconnect();
  await Promise.all(ends);
  const done = each * processes;
  return { name, processes, things: done, perSecond: done / seconds, clientCpu: cpu / done, server, waited };
}

function start(order: CeilingOrder): ChildProcess {
  const child = fork(new URL('./store-worker.ts', import.meta.url), [JSON.stringify(order)]);
  guard(child);
  return child;
}

/** What a process says next. @throws when it ends instead */
async function answerOf(child: ChildProcess): Promise<number> {
  const end = new AbortController();
  try {
    const { signal } = end;
    const ended = once(child, 'exit', { signal }).then(() => {
      throw new Error('a process that asks the store has ended');
    });
    const [said] = (await Promise.race([once(child, 'message', { signal }), ended])) as [number];
    return said;
  } finally {
    end.abort();
  }
}
