/** A second signal forces the end only after this time: a terminal and a parent process may both pass on the first. */
const graceMilliseconds = 1000;

export interface StopSignals {
  /** Aborted by the first SIGTERM or SIGINT: finish what is in hand, take nothing new. */
  readonly stop: AbortSignal;
  /** Why it stops, once it does. */
  readonly reason: () => string;
  /** Stops from within. */
  end(reason: string): void;
  /** Takes the handlers off. */
  release(): void;
}

/**
 * SIGHUP of a service manager or an operator asks for something to be read again. Where a terminal is attached it says
 * that the terminal is gone, and with it whoever has looked.
 *
 * @returns takes the handler off
 */
export function listenForHangUp(onAsked: () => void, onTerminalGone: () => void): () => void {
  const handler = process.stdout.isTTY ? onTerminalGone : onAsked;
  process.on('SIGHUP', handler);
  return () => process.off('SIGHUP', handler);
}

/** Two-stage stop: the first signal drains, a later second one calls `onForce`, which has to end the process. */
export function listenForStop(onForce: (signal: string) => void): StopSignals {
  const controller = new AbortController();
  let reason = '';
  let first = 0;
  const end = (why: string) => {
    if (controller.signal.aborted) return;
    reason = why;
    first = performance.now();
    controller.abort();
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (!controller.signal.aborted) end(signal);
    else if (performance.now() - first > graceMilliseconds) onForce(signal);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return {
    stop: controller.signal,
    reason: () => reason,
    end,
    release: () => {
      process.off('SIGTERM', onSignal);
      process.off('SIGINT', onSignal);
    },
  };
}
