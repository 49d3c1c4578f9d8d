import type { DatabaseError } from 'pg';

import type { FaultCode } from '../../runtime/fault-codes.ts';
import { Fault } from '../../runtime/faults.ts';

/**
 * SQLSTATE, or its class of two letters, to fault code (postgresql.org/docs/current/errcodes-appendix.html). What is
 * not listed is a bug of ours, never a quiet retry.
 */
const codeOfState: Readonly<Record<string, FaultCode>> = {
  '08': 'STORE_UNREACHABLE', // connection exceptions
  '25006': 'STORE_FAILED', // read only: a standby
  '25P03': 'STORE_UNREACHABLE', // the server has ended an idle transaction, and its session
  '28': 'STORE_REFUSED', // wrong user or password
  '3D000': 'STORE_MISSING', // no such database
  '40001': 'STORE_BUSY', // serialization failure, also after it was tried again
  '40P01': 'STORE_BUSY', // deadlock, likewise
  '42501': 'STORE_REFUSED', // no right to a table
  '53100': 'NO_SPACE', // the server's disk is full
  '53': 'STORE_BUSY', // too many connections, out of memory
  '55P03': 'STORE_BUSY', // a lock was not to be had in time
  '57014': 'STORE_BUSY', // statement time-out
  '57P': 'STORE_UNREACHABLE', // ended by an administrator, crash, starting, stopping
  '58': 'STORE_FAILED', // errors of the server's system
  XX001: 'STORE_DAMAGED',
  XX002: 'STORE_DAMAGED',
};

/** A deadlock, or a change made meanwhile. */
const conflicts = new Set(['40001', '40P01']);
const readOnly = '25006';
/** Entered twice; if it was by another at the same time, whoever does all of it anew sees that. */
const uniqueViolation = '23505';

/** The SQLSTATE of an error of the server, also within a fault; undefined: it is none. */
function sqlState(thrown: unknown): string | undefined {
  const error = thrown instanceof Fault ? thrown.cause : thrown;
  return isOfServer(error) ? error.code : undefined;
}

/** Told by a field that no other error has, not by its class: the driver is loaded only where there is a server. */
const isOfServer = (error: unknown): error is DatabaseError => error instanceof Error && 'severity' in error;

/** Whether the whole transaction may succeed when it is done once more. */
export const mayBeRepeated = (thrown: unknown): boolean =>
  isConflict(thrown) || sqlState(thrown) === uniqueViolation;

/** Whether nothing of the transaction can be saved by undoing a part of it. */
export const endsTransaction = (thrown: unknown): boolean => isConflict(thrown) || isLost(thrown);

const isConflict = (thrown: unknown): boolean => conflicts.has(sqlState(thrown) ?? '');

/**
 * Whether the session is gone, or must not be used any longer: the next one may lead to another server, where an address has
 * been given to what was a standby.
 */
export const isLost = (thrown: unknown): thrown is Fault =>
  thrown instanceof Fault &&
  (thrown.code === 'STORE_UNREACHABLE' ||
    thrown.code === 'STORE_OUTCOME_UNKNOWN' ||
    sqlState(thrown) === readOnly);

/** An error of the driver or the server as a fault; what says nothing about the store itself stays what it is. */
export function storeFault(thrown: unknown): unknown {
  if (thrown instanceof Fault || thrown instanceof TypeError || thrown instanceof RangeError) return thrown;
  const state = sqlState(thrown);
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  if (state === undefined) {
    return new Fault(codeOfDriver(message), message, { cause: thrown });
  }
  const code = codeOfState[state] ?? codeOfState[state.slice(0, 3)] ?? codeOfState[state.slice(0, 2)];
  return code === undefined ? thrown : new Fault(code, `${message} (SQLSTATE ${state})`, { cause: thrown });
}

/** The server has said nothing: mostly, the connection failed or was silent for too long. */
function codeOfDriver(message: string): FaultCode {
  if (message.startsWith('SASL')) return 'STORE_REFUSED'; // No password, or the passwords do not match.
  // Of pg-pool: all connections of this process are in use.
  return message === 'timeout exceeded when trying to connect' ? 'STORE_BUSY' : 'STORE_UNREACHABLE';
}

/** What became of a transaction whose COMMIT was not answered, nobody here can know. */
export function lostWhileCommitting(thrown: unknown): unknown {
  if (!isLost(thrown)) return thrown;
  const detail = 'the connection was lost while a transaction was being committed';
  return new Fault('STORE_OUTCOME_UNKNOWN', detail, { cause: thrown });
}
