import { userInfo } from 'node:os';

import { recordAudit } from '../store/audit.ts';
import type { Db } from '../store/tables.ts';

/** Somebody who acts by hand: who, why, when. Every action is written into the audit with what it changed. */
export interface Operator {
  readonly who: string;
  readonly reason: string;
  readonly now: Date;
}

/** The person at the keyboard, also behind sudo. */
export const personAtKeyboard = (): string => process.env.SUDO_USER ?? userInfo().username;

/** `who` of an operator in histories: `operator alice`. */
export const actorOf = (operator: Operator): string => `operator ${operator.who}`;

/** One row of the audit, part of the transaction that makes the change. */
export const audit = (
  trx: Db,
  operator: Operator,
  entry: {
    readonly action: string;
    readonly subject: string;
    readonly before: unknown;
    readonly after: unknown;
  },
): Promise<void> => recordAudit(trx, { ...entry, who: operator.who, reason: operator.reason }, operator.now);
