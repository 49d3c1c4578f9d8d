import type { FaultCode } from '../runtime/fault-codes.ts';
import { Fault } from '../runtime/faults.ts';
import type { Delivery } from '../store/deliveries.ts';
import { listDeliveries } from '../store/delivery-lists.ts';
import type { DeliveryState } from '../store/states/delivery.ts';
import type { Db } from '../store/tables.ts';
import { actionStates, discardFile, holdFile, releaseFile, retryFile } from './file-actions.ts';
import { actOnEach, mostAtOnce, type ManyResult } from './many.ts';
import type { Operator } from './operator.ts';

/** Actions that can be taken on many files at once. */
export type ManyFilesAction = keyof typeof actionStates;
export const manyFilesActions = Object.keys(actionStates) as ManyFilesAction[];

const acts = { retry: retryFile, hold: holdFile, release: releaseFile, discard: discardFile } as const;

/** Which files; what is left out does not count. */
export interface FileChoice {
  readonly states?: readonly DeliveryState[] | undefined;
  readonly folder?: string | undefined;
  readonly code?: FaultCode | undefined;
}

/**
 * The newest files that match, as many as may be acted on at once, and whether there are others. What was discarded is
 * among them only when it is asked for by its code.
 *
 * @throws Fault BAD_INPUT when in none of these states the action can be taken
 */
export async function chooseFiles(
  db: Db,
  action: ManyFilesAction | undefined,
  { states = actionStates.discard, folder, code }: FileChoice,
): Promise<{ files: readonly Delivery[]; more: boolean }> {
  const possible: readonly DeliveryState[] =
    action === undefined ? actionStates.discard : actionStates[action];
  const wanted = states.filter((state) => possible.includes(state));
  if (wanted.length === 0)
    throw new Fault('BAD_INPUT', `only files that are ${possible.join(' or ')} can be chosen`);
  const found = await listDeliveries(db, {
    states: wanted,
    folder,
    code,
    withoutDiscarded: code !== 'DISCARDED',
    limit: mostAtOnce + 1,
  });
  return { files: found.slice(0, mostAtOnce), more: found.length > mostAtOnce };
}

/** @throws Fault BAD_INPUT, BUG; what concerns one file only is in the result */
export const actOnFiles = (
  db: Db,
  spool: string,
  operator: Operator,
  action: ManyFilesAction,
  ids: readonly number[],
): Promise<ManyResult> => actOnEach(ids, (id) => acts[action](db, spool, operator, id));
