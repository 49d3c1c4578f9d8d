import type { FaultCode } from './fault-codes.ts';

/** Exit codes of every command; `enrol --help` and the README show this table. */
export const exitCodes = {
  ok: { code: 0, meaning: 'Done.' },
  failed: { code: 1, meaning: 'Failed; the message says why. Also: a bug.' },
  usage: { code: 2, meaning: 'The command line, or what was given to the command, is not valid.' },
  config: { code: 3, meaning: 'The configuration has errors.' },
  store: { code: 4, meaning: 'The store is missing, out of reach, busy, damaged, or of another version.' },
  keys: { code: 5, meaning: 'A key or passphrase is missing, unreadable, exposed or wrong.' },
  refused: { code: 6, meaning: 'Something was rejected or held, or a batch or run ended in error.' },
  notFound: { code: 7, meaning: 'There is nothing of that name or number.' },
  forced: { code: 8, meaning: 'Stopped by a second signal before the work in hand was finished.' },
  alarm: {
    code: 9,
    meaning:
      'A probe is red, or could not be measured; a process of this host is dead or hangs; or the doctor found something wrong.',
  },
  lost: {
    code: 10,
    meaning: 'Taken for dead by another host, which has what was in hand: to be started anew.',
  },
} as const;

export type ExitName = keyof typeof exitCodes;

const exitOfFault: Partial<Record<FaultCode, ExitName>> = {
  CONFIG_INVALID: 'config',
  STORE_MISSING: 'store',
  STORE_SCHEMA: 'store',
  STORE_UNSAFE: 'store',
  STORE_BUSY: 'store',
  STORE_FAILED: 'store',
  STORE_UNREACHABLE: 'store',
  STORE_REFUSED: 'store',
  STORE_OUTCOME_UNKNOWN: 'store',
  STORE_DAMAGED: 'store',
  LEASE_LOST: 'lost',
  KEY_MISSING: 'keys',
  KEY_UNREADABLE: 'keys',
  SECRET_EXPOSED: 'keys',
  KEY_WRONG_PASSPHRASE: 'keys',
  BACKUP_DAMAGED: 'refused',
  NOT_FOUND: 'notFound',
  BAD_INPUT: 'usage',
  TOO_LARGE: 'usage',
  ENCODING: 'usage',
  CONTROL_CHAR: 'usage',
  CSV_MALFORMED: 'usage',
  JSON_MALFORMED: 'usage',
  JSON_TOO_DEEP: 'usage',
  FORBIDDEN_KEY: 'usage',
};

/** The exit code with which a command ends that was stopped by this fault. */
export const exitCodeOf = (fault: FaultCode): number => exitCodes[exitOfFault[fault] ?? 'failed'].code;
