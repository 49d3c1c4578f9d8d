import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { pauseIntake, resumeIntake } from '../../../shared/operator/intake-actions.ts';
import { Fault } from '../../../shared/runtime/faults.ts';
import type { FileHandler } from '../../../shared/spool/file-work.ts';
import { InboxWorker } from '../../../shared/spool/inbox-worker.ts';
import { Intake } from '../../../shared/spool/intake.ts';
import { listPauses } from '../../../shared/store/intake-pauses.ts';
import { configSchema } from '../../../shared/runtime/config-schema.ts';
import { loadedTexts, loading } from '../../support/loading.ts';
import { addDeadWorker } from '../../support/store-examples.ts';
import {
  drop,
  filesUnder,
  inboxName,
  onlyRow,
  temporarySpool,
  withSettings,
  type TemporarySpool,
} from '../../support/temporary-spool.ts';
import { auditOf } from '../../support/store-lookups.ts';
import { claim } from '../../support/one-file.ts';

let at: TemporarySpool;
beforeEach(async () => {
  at = await temporarySpool();
});
afterEach(() => at.close());

const config = configSchema.parse({});
const never = new AbortController().signal;
const operator = (reason: string) => ({ who: 'alice', reason, now: at.clock.now() });
const pause = (...names: string[]) =>
  pauseIntake(config, at.store.db, operator('the disk is changed'), names);
const resume = (...names: string[]) => resumeIntake(config, at.store.db, operator('it is changed'), names);
const inbox = () => withSettings(at.inbox, { quietSeconds: 0 });

const look = async (worker: InboxWorker) => {
  at.clock.advance(1);
  return worker.step(never);
};
const told = () =>
  at.events.filter(({ name }) => name.startsWith('intake.')).map(({ name, fields }) => [name, fields]);

describe('pausing', () => {
  test('is kept with who, why and since, and so is resuming', async () => {
    const since = at.clock.now().toISOString();
    await pause(inboxName, 'extractor');
    expect(await listPauses(at.store.db)).toEqual([
      { intake: 'extractor', who: 'alice', reason: 'the disk is changed', since },
      { intake: inboxName, who: 'alice', reason: 'the disk is changed', since },
    ]);
    await resume('extractor');
    expect((await listPauses(at.store.db)).map(({ intake }) => intake)).toEqual([inboxName]);
    const open = JSON.stringify({ paused: false });
    const paused = JSON.stringify({ paused: true, by: 'alice', since });
    expect(await auditOf(at.store.db, 'intake extractor')).toMatchObject([
      { action: 'intake.pause', reason: 'the disk is changed', before_json: open, after_json: paused },
      { action: 'intake.resume', reason: 'it is changed', before_json: paused, after_json: open },
    ]);
  });

  test('leaves alone what is so already, and is refused where nothing is left to do', async () => {
    await pause(inboxName);
    expect((await pause(inboxName, 'extractor')).map(({ intake }) => intake)).toEqual(['extractor']);
    await expect(pause(inboxName)).rejects.toThrow(`NOT_ALLOWED: paused already: ${inboxName}`);
    await resume(inboxName);
    await expect(resume(inboxName)).rejects.toThrow(`NOT_ALLOWED: not paused: ${inboxName}`);
    await expect(pause(inboxName, 'nothing')).rejects.toThrow('NOT_FOUND: there is no intake nothing');
    await expect(resume('nothing')).rejects.toThrow('NOT_FOUND: there is no intake nothing');
    // All or nothing: the inbox before the unknown name is open still.
    expect((await listPauses(at.store.db)).map(({ intake }) => intake)).toEqual(['extractor']);
  });

  test('ends also for an inbox that the configuration has no longer', async () => {
    const providers = {
      apple: { format: 'apple', account: { shipTo: '0000054321', depResellerId: '0F0F0F0F' } },
    };
    const before = configSchema.parse({ providers });
    const name = 'provider/apple/inbound';
    await pauseIntake(before, at.store.db, operator('x'), [name]);
    expect(await resume(name)).toMatchObject([{ intake: name }]);
  });
});

describe('an inbox that is paused', () => {
  test('leaves new files where they are, and takes them when it is resumed', async () => {
    const worker = new InboxWorker(inbox(), loading);
    await pause(inboxName);
    await drop(inbox(), 'x');
    for (let round = 0; round < 3; round++)
      expect(await look(worker)).toEqual({ worked: 0, refused: 0, waiting: 0 });
    expect(await filesUnder(inbox().folders.in)).toEqual(['x']);
    const since = (await listPauses(at.store.db))[0]?.since;
    expect(told()).toEqual([['intake.paused', { intake: inboxName, by: 'alice', since }]]);
    await resume(inboxName);
    for (let round = 0; round < 3; round++) await look(worker);
    expect(await loadedTexts(at.store.db)).toEqual(['content of x']);
    expect(told().slice(1)).toEqual([['intake.resumed', { intake: inboxName }]]);
  });

  test('is no other inbox', async () => {
    await pause('inboundDeviceEnrolment');
    await drop(inbox(), 'x');
    const worker = new InboxWorker(inbox(), loading);
    for (let round = 0; round < 3; round++) await look(worker);
    expect(await loadedTexts(at.store.db)).toEqual(['content of x']);
  });

  test('does not try deferred files whose time has come', async () => {
    let attempts = 0;
    const handle: FileHandler = () => {
      attempts++;
      return Promise.reject(new Fault('UNKNOWN_TRANSACTION', 'not yet'));
    };
    const worker = new InboxWorker(inbox(), handle);
    await drop(inbox(), 'x');
    for (let round = 0; round < 3; round++) await look(worker);
    expect({ attempts, row: await onlyRow(at.store.db) }).toMatchObject({
      attempts: 1,
      row: { state: 'deferred' },
    });
    await pause(inboxName);
    at.clock.advance(3600);
    await look(worker);
    expect({ attempts, row: await onlyRow(at.store.db) }).toMatchObject({
      attempts: 1,
      row: { state: 'deferred' },
    });
    await resume(inboxName);
    await look(worker);
    expect(attempts).toBe(2);
  });

  test('brings to an end what was claimed before, and what a dead process has left', async () => {
    await drop(inbox(), 'x');
    const left = { ...inbox(), worker: await addDeadWorker(at.store.db) };
    const intake = new Intake(left);
    await intake.scan();
    at.clock.advance(1);
    const [candidate] = (await intake.scan()).ready;
    if (!candidate) throw new Error('nothing to claim');
    await claim(left, candidate);
    await pause(inboxName);
    await drop(inbox(), 'later');
    expect(await look(new InboxWorker(inbox(), loading))).toMatchObject({ worked: 1 });
    expect(await loadedTexts(at.store.db)).toEqual(['content of x']);
    expect(await filesUnder(inbox().folders.in)).toEqual(['later']);
  });

  test('takes no file more of a round that has begun', async () => {
    for (const name of ['a', 'b', 'c']) await drop(inbox(), name);
    const worker = new InboxWorker(
      inbox(),
      async (file) => {
        if ((await listPauses(at.store.db)).length === 0) await pause(inboxName);
        return loading(file);
      },
      1,
    );
    for (let round = 0; round < 3; round++) await look(worker);
    expect(await loadedTexts(at.store.db)).toHaveLength(1);
    expect(await filesUnder(inbox().folders.in)).toHaveLength(2);
  });
});
