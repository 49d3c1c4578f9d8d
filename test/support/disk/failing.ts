import { writeSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';

import type { DiskCall, Layer } from './calls.ts';

type Errno = keyof typeof constants.errno;

interface KindOfFailure {
  /** Whether such a failure can befall the call. */
  readonly befalls: (call: DiskCall) => boolean;
  /** What the product is told. */
  readonly errno: (call: DiskCall) => Errno;
  /** How much of the call is done nevertheless. */
  readonly done: 'nothing' | 'half' | 'all';
}

const changing = ['link', 'rename', 'unlink', 'mkdir', 'handle.writeFile', 'handle.sync', 'handle.close'];
export const changes = ({ name, args }: DiskCall): boolean =>
  changing.includes(name) || (name === 'open' && typeof args[1] === 'string' && /[wax]/.test(args[1]));
const writes = ({ name }: DiskCall): boolean => /^handle\.(write|append)/.test(name);
const syncs = ({ name }: DiskCall): boolean => name === 'handle.sync' || name === 'handle.datasync';

const refused = (errno: Errno): KindOfFailure => ({
  befalls: () => true,
  errno: () => errno,
  done: 'nothing',
});
const answerLost = (errno: Errno): KindOfFailure => ({ befalls: changes, errno: () => errno, done: 'all' });

/** What a file server answers to a request that it did before, and whose first answer was lost. */
const secondAnswer: Readonly<Record<string, Errno>> = { link: 'EEXIST', rename: 'ENOENT', unlink: 'ENOENT' };

const kinds = {
  ENOSPC: refused('ENOSPC'),
  EDQUOT: refused('EDQUOT'),
  EFBIG: refused('EFBIG'),
  EIO: refused('EIO'),
  EACCES: refused('EACCES'),
  ESTALE: refused('ESTALE'),
  EROFS: refused('EROFS'),
  EMFILE: {
    befalls: ({ name }) => ['open', 'opendir', 'readdir'].includes(name),
    errno: () => 'EMFILE',
    done: 'nothing',
  },
  /** Half of the bytes are written, then the disk is full. */
  'short write': { befalls: writes, errno: () => 'ENOSPC', done: 'half' },
  /** The call is done, and then an error is reported. */
  'EIO after success': answerLost('EIO'),
  'ESTALE after success': answerLost('ESTALE'),
  'second answer': {
    befalls: ({ name }) => name in secondAnswer,
    errno: ({ name }) => secondAnswer[name] ?? 'EIO',
    done: 'all',
  },
  'failed sync': { befalls: syncs, errno: () => 'EIO', done: 'nothing' },
} as const satisfies Record<string, KindOfFailure>;

export type FailureKind = keyof typeof kinds;
export const failureKinds = Object.keys(kinds) as FailureKind[];

/** When a disk fails. Only calls that this kind of failure can befall are counted. */
export interface Failure {
  readonly kind: FailureKind;
  /** The first call that fails, counted from 1. */
  readonly at: number;
  /** How many fail, one after the other; or all until the round is over. */
  readonly times: number | 'round';
}

/** A disk that fails as it is told to, and then no more. */
export class FailingDisk {
  readonly #failure: Failure;
  #seen = 0;
  #failed = 0;
  #well = false;

  constructor(failure: Failure) {
    this.#failure = failure;
  }

  /** Calls that have failed. */
  get failed(): number {
    return this.#failed;
  }

  endRound(): void {
    this.#well ||= this.#failed > 0 && this.#failure.times === 'round';
  }

  readonly layer: Layer = async (call, perform) => {
    const { kind, at, times } = this.#failure;
    const { befalls, errno, done }: KindOfFailure = kinds[kind];
    if (this.#well || !befalls(call) || ++this.#seen < at || this.#failed === times) return perform();
    this.#failed++;
    // A file that could not be closed is closed nevertheless.
    if (done === 'all' || call.name === 'handle.close') await performInVain(call, perform);
    if (done === 'half') writeSync(call.fd ?? -1, halfOf(call));
    throw systemError(errno(call), call);
  };
}

function halfOf({ args: [content] }: DiskCall): Uint8Array {
  // What is written as it comes is not there yet.
  if (typeof content !== 'string' && !(content instanceof Uint8Array)) return Buffer.from('the first half');
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return bytes.subarray(0, bytes.length / 2);
}

/** The file that an `open` has opened is closed: nobody will get it. */
async function performInVain(call: DiskCall, perform: () => Promise<unknown>): Promise<void> {
  const result = await perform();
  if (call.name === 'open') await (result as FileHandle).close();
}

/** An error as Node makes it: it has no names for the errors of file servers and quotas. */
function systemError(name: Errno, call: DiskCall): Error {
  const errno = -constants.errno[name];
  const unknown = `Unknown system error ${errno}`;
  const [code, text] = getSystemErrorMap().get(errno) ?? [unknown, unknown];
  const syscall = call.name === 'handle.sync' ? 'fsync' : call.name.replace('handle.', '');
  const target = call.to === undefined ? '' : ` -> '${call.to}'`;
  const where = call.name.startsWith('handle.') ? '' : ` '${call.path}'${target}`;
  return Object.assign(new Error(`${code}: ${text}, ${syscall}${where}`), { errno, code, syscall });
}
