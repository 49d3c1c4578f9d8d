import { constants } from 'node:os';

import { faultRow, isFaultCode, type FaultClass, type FaultCode } from './fault-codes.ts';

/**
 * Something went wrong, with a code from the one table. `detail` says what happened to which file or batch; it is
 * shown to operators and written into partners' reason files, so it never holds a secret or decrypted content.
 */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly detail: string;

  constructor(code: FaultCode, detail: string, options?: { cause?: unknown }) {
    super(`${code}: ${detail}`, options);
    this.name = 'Fault';
    this.code = code;
    this.detail = detail;
  }

  get class(): FaultClass {
    return faultRow(this.code).class;
  }

  /** What an operator does about it. */
  get action(): string {
    return faultRow(this.code).action;
  }
}

/**
 * errno or SQLite result code (primary, or extended where it matters) -> fault code. What is not listed is a bug, never
 * a quiet retry.
 */
const codeOfErrno: Readonly<Record<string, FaultCode>> = {
  ENOSPC: 'NO_SPACE',
  EDQUOT: 'NO_SPACE',
  EFBIG: 'NO_SPACE',
  EROFS: 'IO_ERROR',
  EXDEV: 'SPOOL_DEVICES',
  EIO: 'IO_ERROR',
  EMFILE: 'TOO_MANY_OPEN_FILES',
  ENFILE: 'TOO_MANY_OPEN_FILES',
  ESTALE: 'FILE_BUSY',
  EBUSY: 'FILE_BUSY',
  EAGAIN: 'FILE_BUSY',
  EACCES: 'SPOOL_PERMISSION',
  EPERM: 'SPOOL_PERMISSION',
  ENOENT: 'SPOOL_MISSING',
  ENOTDIR: 'SPOOL_MISSING',
  SQLITE_BUSY: 'STORE_BUSY',
  SQLITE_LOCKED: 'STORE_BUSY',
  SQLITE_PROTOCOL: 'STORE_BUSY',
  SQLITE_FULL: 'NO_SPACE',
  // A write that fails may be a quota (SQLite knows only ENOSPC as a full disk); what is read back wrong, or was not
  // kept by the disk, is damage.
  SQLITE_IOERR: 'STORE_FAILED',
  SQLITE_IOERR_SHMSIZE: 'NO_SPACE',
  SQLITE_IOERR_READ: 'STORE_DAMAGED',
  SQLITE_IOERR_SHORT_READ: 'STORE_DAMAGED',
  SQLITE_IOERR_FSYNC: 'STORE_DAMAGED',
  SQLITE_IOERR_DATA: 'STORE_DAMAGED',
  SQLITE_IOERR_CORRUPTFS: 'STORE_DAMAGED',
  SQLITE_READONLY: 'STORE_FAILED',
  SQLITE_CORRUPT: 'STORE_DAMAGED',
  SQLITE_NOTADB: 'STORE_DAMAGED',
  SQLITE_CANTOPEN: 'STORE_FAILED',
};

/** The errno-like code of anything thrown, if it has one. */
export function errnoOf(thrown: unknown): string | undefined {
  // Not `instanceof Error`: under a test runner, errors of Node's own modules come from another realm.
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? nameOfErrno(code) : undefined;
}

/**
 * Node has no names for the errors of quotas and file servers: their code is `Unknown system error -122`. Those that
 * nobody has a name for are errors of the disk all the same (EUCLEAN: the file system is damaged).
 */
function nameOfErrno(code: string): string {
  const number = /^Unknown system error -(\d+)$/.exec(code)?.[1];
  if (number === undefined) return code;
  return Object.entries(constants.errno).find(([, errno]) => errno === Number(number))?.[0] ?? 'EIO';
}

/**
 * Whatever was thrown, as a fault with exactly one class. An error that bears a code of the fault table is that fault:
 * so the generic formats need not know this library.
 */
export function toFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const errno = errnoOf(thrown);
  const message = messageOf(thrown);
  if (errno !== undefined && isFaultCode(errno)) return new Fault(errno, message, { cause: thrown });
  const code = errno === undefined ? undefined : (codeOfErrno[errno] ?? codeOfErrno[primaryCode(errno)]);
  return new Fault(code ?? 'BUG', message, { cause: thrown });
}

/** SQLite's extended codes begin with the primary one: SQLITE_BUSY_RECOVERY, SQLITE_IOERR_FSYNC (sqlite.org/rescode.html). */
const primaryCode = (errno: string): string =>
  errno.startsWith('SQLITE_') ? errno.split('_', 2).join('_') : errno;

const messageOf = (thrown: unknown): string =>
  typeof thrown === 'object' && thrown !== null && 'message' in thrown
    ? String(thrown.message)
    : String(thrown);

/** A broken assumption of ours. */
export function bug(detail: string): Fault {
  return new Fault('BUG', detail);
}
