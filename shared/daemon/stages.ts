import { toFault } from '../runtime/faults.ts';
import type { Renewed } from '../runtime/reload-rules.ts';
import { SideLoop } from '../runtime/side-loop.ts';
import type { StopSignals } from '../runtime/signals.ts';
import { Bell, runTasks, type Task } from '../runtime/task-loop.ts';
import { Doorbell } from '../spool/doorbell.ts';
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
    const following = next && (await nextStage(stage, next, plan, frame));
    if (following === undefined) return refused;
    stage = following;
  }
}

async function runStage({ runtime, work, isRenewed }: Stage, frame: Frame): Promise<number> {
  const { daemon, once, signals, reload, onReady } = frame;
  const bell = new Bell();
  const doorbells = once ? [] : await hang(runtime, work, daemon, bell.ring);
  if (!isRenewed) onReady();
  try {
    return await runTasks([signOfLife(runtime, isRenewed), ...tasksOf(runtime, work, once)], {
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

/** With `once`, each has its turn: only so it is known when all is done. */
function tasksOf(
  { loaded, emit }: Runtime,
  { tasks, beside = [], intervalSeconds }: Work,
  once: boolean,
): Task[] {
  const inTurn = tasks.map((task) => withRoom(loaded, task));
  const others = beside.map((task) => withRoom(loaded, task));
  return [...inTurn, ...others.map((task) => (once ? task : new SideLoop(task, { intervalSeconds, emit })))];
}

/**
 * The stage after this one. While not even the configuration before can be begun any longer, for want of a file that was
 * there when it was, it is tried again and again: an end would be one that no service manager mends.
 *
 * @returns undefined when the process is to stop meanwhile
 */
async function nextStage(before: Stage, next: Renewed, plan: Plan, frame: Frame): Promise<Stage | undefined> {
  const { once, signals, reload } = frame;
  const begun = new AbortController();
  let wanted = next;
  let stage: Stage | undefined;
  const step = async () => {
    wanted = reload.take() ?? wanted;
    stage = await beginStage(before, wanted, plan, reload);
    begun.abort();
    return { worked: 0, refused: 0, waiting: 0 };
  };
  const stop = AbortSignal.any([signals.stop, begun.signal]);
  const { emit } = before.runtime;
  await runTasks([{ name: 'reload', step }], { intervalSeconds: 60, once, stop, bell: new Bell(), emit });
  return stage;
}

/** What cannot be begun, for want of a key or a folder, is refused like a file with errors: the one before goes on. */
async function beginStage(before: Stage, next: Renewed, plan: Plan, reload: Reload): Promise<Stage> {
  const runtime = { ...before.runtime, loaded: next.loaded };
  try {
    const work = await plan(runtime);
    reload.done(next);
    return { runtime, work, isRenewed: true };
  } catch (thrown) {
    if (toFault(thrown).class === 'bug' || before.runtime.lease.lost) throw thrown;
    reload.refuse(thrown);
  }
  try {
    return { runtime: before.runtime, work: await plan(before.runtime), isRenewed: true };
  } catch (thrown) {
    reload.standStill(thrown);
    throw thrown;
  }
}

/** What rings when there may be work: folders that somebody writes into, and a store that others write into. */
async function hang({ loaded, emit }: Runtime, { watch }: Work, daemon: string, ring: () => void) {
  const store = await storeOptions(loaded);
  const folders = watch.map((folder) => new Doorbell(folder, ring, emit));
  if (!('url' in store)) return folders;
  const { StoreDoorbell } = await import('../store/postgres/doorbell.ts');
  return [...folders, new StoreDoorbell(store, daemon, ring, emit)];
}
