import { systemClock, type Clock } from '../runtime/clock.ts';
import type { LoadedConfig } from '../runtime/config.ts';
import { faultFields, type Emit } from '../runtime/events.ts';
import { exitCodeOf, exitCodes } from '../runtime/exit-codes.ts';
import { toFault, type Fault } from '../runtime/faults.ts';
import { createLog, type Log } from '../runtime/log.ts';
import { logFolder } from '../runtime/paths.ts';
import { standstill } from '../runtime/progress.ts';
import { listenForHangUp, listenForStop } from '../runtime/signals.ts';
import { serviceManager } from '../runtime/systemd.ts';
import { version } from '../runtime/version.ts';
import type { Task } from '../runtime/task-loop.ts';
import { openInstallation, type Place } from '../store/installation.ts';
import type { Lease } from '../store/lease.ts';
import { progressPlugin } from '../store/progress-plugin.ts';
import type { Db } from '../store/tables.ts';
import type { Worker } from '../store/workers.ts';
import { asWorker } from './as-worker.ts';
import { MetricsServer } from './metrics-server.ts';
import { atWork, Reload } from './reload.ts';
import { workInStages } from './stages.ts';

/** What every process of ours has at hand. */
export interface Runtime {
  readonly loaded: LoadedConfig;
  readonly db: Db;
  readonly worker: Worker;
  readonly lease: Lease;
  readonly clock: Clock;
  readonly emit: Emit;
}

/** A process's work: its tasks, and the folders whose changes wake it. */
export interface Work {
  readonly tasks: readonly Task[];
  /** Tasks in loops of their own: while these wait, for a disk or a server, the others go on. */
  readonly beside?: readonly Task[];
  readonly watch: readonly string[];
  readonly intervalSeconds: number;
  /** Ends what the tasks have in common; after the last round, however that ended. */
  finish?(): Promise<void>;
}

/** What the work in hand has for its end when the lease is lost: it finds out at its next step, and leaves things whole. */
const lostGraceMilliseconds = 5000;

/**
 * Runs a daemon from start to end: configuration, log, store, its work, and an orderly stop.
 *
 * @returns the exit code: 0, or `refused` when `once` rejected or held something
 * @throws Fault when it cannot start, a bug ended it, or others have taken it for dead; the log has it already
 */
export async function runDaemon(
  daemon: string,
  place: Place & { readonly once: boolean },
  plan: (runtime: Runtime) => Promise<Work>,
): Promise<number> {
  const { loaded, db } = await openInstallation(place);
  const folder = logFolder(loaded);
  const monitor = place.once ? undefined : await MetricsServer.of(loaded, daemon);
  const signals = listenForStop((signal) => void force(signal));
  const log = createLog({
    daemon,
    level: loaded.config.log.level,
    ...(folder !== undefined && { folder }),
    ...(monitor && { onEvent: monitor.metrics.count }),
    onStdoutClosed: () => signals.end('stdout was closed'),
  });
  const force = async (signal: string) => {
    log.emit('daemon.stopping', { reason: `second ${signal}: forced` });
    await log.close();
    process.exit(exitCodes.forced.code);
  };
  const onLost = (fault: Fault) => {
    signals.end('others have taken it for dead');
    setTimeout(() => void fail(log, fault), lostGraceMilliseconds).unref();
  };
  const onStray = (thrown: unknown) => void fail(log, toFault(thrown));
  process.on('uncaughtException', onStray);
  process.on('unhandledRejection', onStray);
  const manager = serviceManager((detail) => log.emit('daemon.notify-failed', { detail }));
  const reload = new Reload(loaded, log.emit, manager);
  const deafen = listenForHangUp(reload.ask, () => signals.end('the terminal is gone'));
  signals.stop.addEventListener('abort', () => manager.stopping(`Stopping: ${signals.reason()}`));
  const onReady = () => {
    log.emit('daemon.ready', {});
    manager.ready(atWork);
    manager.watch(standstill, ({ task, milliseconds }) =>
      log.emit('daemon.hangs', { task, seconds: Math.round(milliseconds / 1000) }),
    );
  };

  let exitCode: number = exitCodes.failed.code;
  try {
    log.emit('daemon.started', { pid: process.pid, version, home: loaded.home });
    await monitor?.listen(log.emit);
    const refused = await asWorker({ db, loaded, clock: systemClock }, daemon, onLost, (present) => {
      const runtime = { ...present, db: db.withPlugin(progressPlugin()), emit: log.emit };
      return workInStages(runtime, plan, { daemon, once: place.once, signals, reload, onReady });
    });
    exitCode = place.once && refused > 0 ? exitCodes.refused.code : exitCodes.ok.code;
    return exitCode;
  } catch (thrown) {
    const fault = toFault(thrown);
    exitCode = exitCodeOf(fault.code);
    log.emit('daemon.failed', faultFields(fault));
    throw fault;
  } finally {
    log.emit('daemon.stopped', { exitCode });
    signals.release();
    deafen();
    process.off('uncaughtException', onStray);
    process.off('unhandledRejection', onStray);
    await monitor?.close();
    await db.destroy();
    await manager.end();
    await log.close();
  }
}

async function fail(log: Log, fault: Fault): Promise<void> {
  log.emit('daemon.failed', faultFields(fault));
  await log.close();
  process.exit(exitCodeOf(fault.code));
}
