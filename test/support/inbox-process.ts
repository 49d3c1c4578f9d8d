import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process of its own that works off an inbox: test/support/inbox-program.ts. */
export interface InboxProcess {
  readonly child: ChildProcess;
  /** Names of the events that it has told, as they come. */
  readonly events: string[];
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;
}

export interface InboxProgram {
  readonly store: string;
  readonly spool: string;
  /** `<what>:<n>`: the process kills itself the n-th time that it comes there. */
  readonly killAt?: string;
  /** Suffix of the markers that its files need. */
  readonly marker?: string;
}

const program = new URL('./inbox-program.ts', import.meta.url).pathname;

export function startInbox({ store, spool, killAt, marker }: InboxProgram): InboxProcess {
  const child = spawn(process.execPath, [program, store, spool], {
    env: { ...process.env, NODE_OPTIONS: '', KILL_AT: killAt ?? '', MARKER: marker ?? '' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const events: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => events.push(line));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const exited = new Promise<Awaited<InboxProcess['exited']>>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stderr }));
  });
  return { child, events, exited };
}
