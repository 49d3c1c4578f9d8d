import { batchHistory, batchItems } from '../../shared/store/batches.ts';
import { deviceHistory, devicesOfOrder } from '../../shared/store/devices.ts';
import { dispatchedOrder, loadResponse, run } from '../unit/jobs/scenes.ts';
import { eventsOf } from './store-lookups.ts';
import type { TestRuntime } from './test-runtime.ts';

/** Orders of which a provider's answers wait for the job of responses. */

const refused = [{ id: 'DEP-ERR-DE-4303', errorMessage: 'already enrolled' }];

/** Four answers, of which the provider refuses one and nobody has asked for another. @returns their batches */
export async function answered(rt: TestRuntime): Promise<number[]> {
  for (const id of ['12', '13', '14']) await dispatchedOrder(rt, id, [`A${id}`, `B${id}`]);
  await run(rt, 'deviceEnrolmentRequest');
  const batches: number[] = [];
  for (const id of [12, 99, 13, 14]) {
    batches.push(await loadResponse(rt, { id, ...(id === 13 && { errors: refused }) }));
  }
  return batches;
}

/** What is in the store of the answers: each change is a row. */
export async function foundOf({ db }: Pick<TestRuntime, 'db'>, batches: readonly number[]): Promise<object> {
  const stagesOf = async (id: number) =>
    (await batchHistory(db, id)).slice(2).map(({ stage, status }) => `${stage} · ${status}`);
  const historyOf = async (id: string) =>
    Promise.all(
      (await devicesOfOrder(db, id)).map(async (device) =>
        (await deviceHistory(db, device.id)).slice(2).map(({ status }) => status),
      ),
    );
  return {
    stages: await Promise.all(batches.map(stagesOf)),
    items: (await Promise.all(batches.map((id) => batchItems(db, id)))).flat().map((item) => item.status),
    devices: await Promise.all(['12', '13', '14'].map(historyOf)),
    events: (await eventsOf(db, '13')).length,
  };
}

/** Before the job has run. */
export const nothingApplied = {
  stages: [[], [], [], []],
  items: ['Open', 'Open', 'Open', 'Open'],
  devices: [
    [[], []],
    [[], []],
    [[], []],
  ],
  events: 0,
};
const done = ['Batch · In progress', 'Batch · Complete'];
/** When it has. */
export const everythingApplied = {
  stages: [done, ['Batch · In progress', 'Batch · Error'], done, done],
  items: ['Complete', 'Error', 'Complete', 'Complete'],
  devices: [
    [['Enrolled'], ['Enrolled']],
    [['Enrol Failed'], ['Enrol Failed']],
    [['Enrolled'], ['Enrolled']],
  ],
  events: 1,
};
