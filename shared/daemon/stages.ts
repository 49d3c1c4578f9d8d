import { toFault } from '../runtime/faults.ts';
import { asRound } from '../runtime/progress.ts';
import type { Renewed } from '../runtime/reload-rules.ts';
import type { StopSignals } from '../runtime/signals.ts';
import { Bell, runTasks } from '../runtime/task-loop.ts';
import { Doorbell } from '../spool/doorbell.ts';
import { StoreDoorbell } from '../store/postgres/doorbell.ts';
import { storeOptions } from '../store/store-options.ts';
import type { Runtime, Work } from './process.ts';
import type { Reload } from './reload.ts';
import { withRoom } from './room.ts';
import { signOfLife } from './sign-of-life.ts';

type Plan = (runtime: Runtime) => Promise<Work>;

/** What stays the same from the first stage to the last. */
interface Frame {
  readonly daemon: string;
  readonly once: boolean;
  readonly signals: StopSignals;
  readonly reload: Reload;
  readonly onReady: () => void;
}

/** A process under one configuration. */
interface Stage {
  readonly runtime: Runtime;
  readonly work: Work;
  readonly isRenewed: boolean;
}

/**
 * The work of a process, in stages: each goes on until the process is to stop, or has another configuration. What is in
 * hand is finished in the one stage, and the rest goes on in the next.
 *
 * @returns number of things that were rejected or held
 */
export async function workInStages(runtime: Runtime, plan: Plan, frame: Frame): Promise<number> {
  const { signals, reload } = frame;
  signals.stop.addEventListener('abort', () => runtime.emit('daemon.stopping', { reason: signals.reason() }));
  let stage: Stage = { runtime, work: await plan(runtime), isRenewed: false };
  let refused = 0;
  for (;;) {
    refused += await runStage(stage, frame);
    const next = signals.stop.aborted ? undefined : reload.take();
    if (next === undefined) return refused;
    stage = await asRound('reload', () => nextStage(stage, next, plan, reload));
  }
}

async function runStage({ runtime, work, isRenewed }: Stage, frame: Frame): Promise<number> {
  const { daemon, once, signals, reload, onReady } = frame;
  const bell = new Bell();
  const doorbells = once ? [] : await hang(runtime, work, daemon, bell.ring);
  if (!isRenewed) onReady();
  try {
    const tasks = work.tasks.map((task) => withRoom(runtime.loaded, task));
    return await runTasks([signOfLife(runtime, isRenewed), ...tasks], {
      intervalSeconds: work.intervalSeconds,
      once,
      stop: AbortSignal.any([signals.stop, reload.ready]),
      ending: signals.stop,
      bell,
      emit: runtime.emit,
    });
  } finally {
    for (const doorbell of doorbells) await doorbell.close();
    await work.finish?.();
  }
}

/** What cannot be begun, for want of a key or a folder, is refused like a file with errors: the one before goes on. */
async function nextStage(before: Stage, next: Renewed, plan: Plan, reload: Reload): Promise<Stage> {
  const runtime = { ...before.runtime, loaded: next.loaded };
  try {
    const work = await plan(runtime);
    reload.done(next);
    return { runtime, work, isRenewed: true };
  } catch (thrown) {
    if (toFault(thrown).class === 'bug' || before.runtime.lease.lost) throw thrown;
    reload.refuse(thrown);
    return { runtime: before.runtime, work: await plan(before.runtime), isRenewed: true };
  }
}

/** What rings when there may be work: folders that somebody writes into, and a store that others write into. */
async function hang({ loaded, emit }: Runtime, { watch }: Work, daemon: string, ring: () => void) {
  const store = await storeOptions(loaded);
  return [
    ...watch.map((folder) => new Doorbell(folder, ring, emit)),
    ...('url' in store ? [new StoreDoorbell(store, daemon, ring, emit)] : []),
  ];
}
