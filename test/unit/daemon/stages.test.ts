import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { Reload } from '../../../shared/daemon/reload.ts';
import { workInStages } from '../../../shared/daemon/stages.ts';
import { serviceManager } from '../../../shared/runtime/systemd.ts';
import type { StepResult, Task } from '../../../shared/runtime/task-loop.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';

let runtime: TestRuntime;
beforeEach(async () => {
  runtime = await testRuntime({ spool: { reserveMegabytes: 0 }, store: { reserveMegabytes: 0 } });
});
afterEach(() => runtime.close());

const did = (worked: number): StepResult => ({ worked, refused: 0, waiting: 0 });

/** A process with one task, and one beside it, until it is stopped or has nothing to do. */
async function work(
  step: (stop: () => void) => Promise<StepResult>,
  beside: Task,
  { once }: { readonly once: boolean },
): Promise<void> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  const signals = { stop: controller.signal, reason: () => 'enough', end: stop, release: () => undefined };
  const reload = new Reload(
    runtime.loaded,
    runtime.emit,
    serviceManager(() => undefined),
  );
  const tasks = [{ name: 'inbox', step: () => step(stop) }];
  const plan = () => Promise.resolve({ tasks, beside: [beside], watch: [], intervalSeconds: 1000 });
  await workInStages(runtime, plan, { daemon: 'test', once, signals, reload, onReady: () => undefined });
}

test('what goes on beside a task does so while that one waits', async () => {
  const { promise: published, resolve } = Promise.withResolvers<undefined>();
  const publisher = {
    name: 'publisher',
    step: () => {
      resolve(undefined);
      return Promise.resolve(did(0));
    },
  };
  const inbox = async (stop: () => void) => {
    await published;
    stop();
    return did(0);
  };
  await work(inbox, publisher, { once: false });
});

test('who works off what is there has one turn after the other, until nothing is left', async () => {
  const turns: string[] = [];
  const publisher = {
    name: 'publisher',
    step: () => Promise.resolve(did(turns.push('publisher') === 2 ? 1 : 0)),
  };
  const inbox = () => Promise.resolve(did(turns.push('inbox') === 1 ? 1 : 0));
  await work(inbox, publisher, { once: true });
  expect(turns).toEqual(['inbox', 'publisher', 'inbox', 'publisher']);
});
