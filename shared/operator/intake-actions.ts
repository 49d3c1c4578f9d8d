import type { Config } from '../runtime/config-schema.ts';
import { Fault } from '../runtime/faults.ts';
import { intakeNames } from '../runtime/paths.ts';
import { deletePause, findPause, insertPause, type IntakePause } from '../store/intake-pauses.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
import { audit, type Operator } from './operator.ts';

/**
 * Lets nothing new in until somebody resumes it: daemons notice at their next look. What they have in hand is brought to
 * an end, and what waits stays where it is.
 *
 * @param intakes those that are paused already stay as they are
 * @throws Fault NOT_FOUND; NOT_ALLOWED when all of them are paused already
 */
export function pauseIntake(
  config: Config,
  db: Db,
  operator: Operator,
  intakes: readonly string[],
): Promise<IntakePause[]> {
  return inTransaction(db, async (trx) => {
    const paused: IntakePause[] = [];
    for (const intake of intakes) {
      requireIntake(config, intake);
      if (await findPause(trx, intake)) continue;
      const { who, reason, now } = operator;
      const pause = { intake, who, reason, since: now.toISOString() };
      await insertPause(trx, pause);
      await auditIntake(trx, operator, intake, 'intake.pause', { before: undefined, after: pause });
      paused.push(pause);
    }
    if (paused.length === 0) throw new Fault('NOT_ALLOWED', `paused already: ${intakes.join(', ')}`);
    return paused;
  });
}

/**
 * Lets in again what was paused, also an inbox that the configuration has no longer.
 *
 * @param intakes those that are not paused stay as they are
 * @returns the pauses that are over
 * @throws Fault NOT_FOUND; NOT_ALLOWED when none of them is paused
 */
export function resumeIntake(
  config: Config,
  db: Db,
  operator: Operator,
  intakes: readonly string[],
): Promise<IntakePause[]> {
  return inTransaction(db, async (trx) => {
    const resumed: IntakePause[] = [];
    for (const intake of intakes) {
      const pause = await findPause(trx, intake);
      if (!pause) {
        requireIntake(config, intake);
        continue;
      }
      await deletePause(trx, intake);
      await auditIntake(trx, operator, intake, 'intake.resume', { before: pause, after: undefined });
      resumed.push(pause);
    }
    if (resumed.length === 0) throw new Fault('NOT_ALLOWED', `not paused: ${intakes.join(', ')}`);
    return resumed;
  });
}

/** @throws Fault NOT_FOUND */
function requireIntake(config: Config, intake: string): void {
  const names = intakeNames(config);
  if (names.includes(intake)) return;
  throw new Fault('NOT_FOUND', `there is no intake ${intake}; there are: ${names.join(', ')}`);
}

const auditIntake = (
  trx: Db,
  operator: Operator,
  intake: string,
  action: string,
  { before, after }: Record<'before' | 'after', IntakePause | undefined>,
): Promise<void> =>
  audit(trx, operator, {
    action,
    subject: `intake ${intake}`,
    before: standingOf(before),
    after: standingOf(after),
  });

const standingOf = (pause: IntakePause | undefined) => ({
  paused: pause !== undefined,
  ...(pause && { by: pause.who, since: pause.since }),
});
