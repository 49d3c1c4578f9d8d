import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** What pgp-program.ts is to open. */
export interface Task {
  readonly file: string;
  /** The folder of a key ring without passphrase. */
  readonly keys: string;
  readonly maxPlaintextBytes: number;
  readonly inMemory?: boolean;
}

export interface Measured {
  /** Length of the content in bytes, or the code of the fault. */
  readonly outcome: number | string;
  /** Resident at most, by the whole process. */
  readonly megabytes: number;
  /** In memory: for opening. As a stream: for verifying, and for reading the content. */
  readonly seconds: readonly number[];
}

const program = new URL('./pgp-program.ts', import.meta.url).pathname;
const run = promisify(execFile);

/** Opens a message in a process of its own. */
export async function openInProcess(task: Task): Promise<Measured> {
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { stdout } = await run(process.execPath, [program, JSON.stringify(task)], { env });
  return JSON.parse(stdout) as Measured;
}
