import { bug } from '../../runtime/faults.ts';

/**
 * A batch: one run of one interface. It has a stage and a stage status.
 *
 *   outbound  Batch ──► Extract/Load ──► Transformation ──► Transmission
 *             request job  extractor       adaptor            adaptor
 *   inbound   Extract/Load ──► Batch
 *             loader            job
 *
 * Within a stage: In progress ──► Complete | Error. A stage begins when the one before is Complete. An Error batch is
 * set back to its last valid stage, which triggers the processing again. The first stage has none to go back to: it is
 * written in one transaction, which either happens or does not, and never ends in Error.
 */
export const stages = ['Batch', 'Extract/Load', 'Transformation', 'Transmission'] as const;
export type Stage = (typeof stages)[number];
export const stageStatuses = ['In progress', 'Complete', 'Error'] as const;
export type StageStatus = (typeof stageStatuses)[number];
export type Direction = 'inbound' | 'outbound';

export interface Standing {
  readonly stage: Stage;
  readonly status: StageStatus;
}

const order: Readonly<Record<Direction, readonly Stage[]>> = {
  outbound: ['Batch', 'Extract/Load', 'Transformation', 'Transmission'],
  inbound: ['Extract/Load', 'Batch'],
};

/** @throws Fault BUG when a batch of this direction cannot go from the one standing to the other */
export function checkBatchMove(direction: Direction, from: Standing, to: Standing): void {
  if (!mayMove(direction, from, to)) {
    throw bug(`batch (${direction}): no move from ${describe(from)} to ${describe(to)}`);
  }
}

export function mayMove(direction: Direction, from: Standing, to: Standing): boolean {
  const here = order[direction].indexOf(from.stage);
  const there = order[direction].indexOf(to.stage);
  if (here === -1 || there === -1) return false;
  switch (from.status) {
    case 'In progress':
      return there === here && (to.status === 'Complete' || (to.status === 'Error' && here > 0));
    case 'Complete':
      return there === here + 1 && to.status === 'In progress';
    case 'Error': {
      if (here === 0) return false;
      const back = lastValidStage(direction, from.stage);
      return to.stage === back.stage && to.status === back.status;
    }
  }
}

/**
 * Where an Error batch is set back to. Inbound: the loaded batch, so that its job runs again. Outbound: the prepared
 * batch, so that it is extracted again; the file that failed is spent, whichever stage refused it.
 */
export function lastValidStage(direction: Direction, failed: Stage): Standing {
  const first = order[direction][0];
  if (first === undefined || failed === first) {
    throw bug(`batch (${direction}): ${failed} is the first stage, there is nothing to go back to`);
  }
  return { stage: first, status: 'Complete' };
}

const describe = (standing: Standing) => `${standing.stage} · ${standing.status}`;
