import { afterEach, beforeEach, expect, test } from '@jest/globals';

import { holdFile } from '../../../../shared/operator/file-actions.ts';
import { pauseIntake } from '../../../../shared/operator/intake-actions.ts';
import { Fault } from '../../../../shared/runtime/faults.ts';
import { moveDevices } from '../../../../shared/store/devices.ts';
import { moveRequest, requireRequest } from '../../../../shared/store/provider-requests.ts';
import { addBatch, addDevices, addProviderRequest } from '../../../support/store-examples.ts';
import { PagesScene } from './pages-scene.ts';

/** Everything that an operator can do by hand in the console: two steps, with a reason, and kept with before and after. */

let scene: PagesScene;
beforeEach(async () => {
  scene = await PagesScene.open();
});
afterEach(() => scene.close());

const operator = () => ({ who: 'test', reason: 'a test', now: scene.rt.clock.now() });
const rejected = async (fault = new Fault('JSON_MALFORMED', 'no JSON')) =>
  (await scene.refused('x.pgp', fault)).id;

async function held(): Promise<number> {
  const id = await rejected();
  await holdFile(scene.rt.db, `${scene.rt.loaded.home}/spool`, operator(), id);
  return id;
}

async function inError(): Promise<number> {
  return (await addBatch(scene.rt.db, { standing: { stage: 'Batch', status: 'Error' } })).id;
}

async function sent(): Promise<void> {
  const id = await addProviderRequest(scene.rt.db, 't-1');
  await moveRequest(scene.rt.db, await requireRequest(scene.rt.db, id), 'sent', {});
}

async function enrolled(): Promise<void> {
  const { db, clock } = scene.rt;
  const by = { actor: 'test', now: clock.now(), batchId: null, note: null };
  let devices = await addDevices(db, '7', [{ deviceId: 'D1', serialNumber: 'D1' }]);
  for (const status of ['Enrol Requested', 'Enrolled'] as const) {
    await moveDevices(db, devices, status, by);
    devices = devices.map((device) => ({ ...device, status }));
  }
}

interface Case {
  /** Brings about what the action is for. @returns the page with its form, and the path that this posts to */
  readonly given: () => Promise<{ page: string; path: string }>;
  readonly fields?: Readonly<Record<string, string>>;
  readonly audited: string;
}

const onFile = (verb: string, id: number) => ({ page: `/files/${id}`, path: `/files/${id}/${verb}` });

const cases: Readonly<Record<string, Case>> = {
  'a retry': { given: async () => onFile('retry', await rejected()), audited: 'file.retry' },
  'a hold': { given: async () => onFile('hold', await rejected()), audited: 'file.hold' },
  'a release': { given: async () => onFile('release', await held()), audited: 'file.release' },
  'a discard': { given: async () => onFile('discard', await held()), audited: 'file.discard' },
  'a forced reload': {
    given: async () => onFile('reload', await rejected(new Fault('DUPLICATE', 'as file 1'))),
    audited: 'file.reload',
  },
  'a reprocess': {
    given: async () => {
      const id = await inError();
      return { page: `/interfaces/${id}`, path: `/interfaces/${id}/reprocess` };
    },
    audited: 'batch.reprocess',
  },
  'a pause': {
    given: () => Promise.resolve({ page: '/daemons/extractor', path: '/daemons/extractor/pause' }),
    fields: { 'intake.extractor': '1' },
    audited: 'intake.pause',
  },
  'a resume': {
    given: async () => {
      await pauseIntake(scene.rt.loaded.config, scene.rt.db, operator(), ['inboundDeviceEnrolment']);
      return { page: '/daemons/loader', path: '/daemons/loader/resume' };
    },
    fields: { 'intake.inboundDeviceEnrolment': '1' },
    audited: 'intake.resume',
  },
  'a question': {
    given: async () => {
      await sent();
      return { page: '/requests/t-1', path: '/requests/t-1/ask' };
    },
    audited: 'request.ask',
  },
  'a request sent again': {
    given: async () => {
      await sent();
      return { page: '/requests/t-1', path: '/requests/t-1/send-again' };
    },
    audited: 'request.resend',
  },
  'a settlement': {
    given: async () => {
      await sent();
      return { page: '/requests/t-1', path: '/requests/t-1/settle' };
    },
    fields: { outcome: 'done' },
    audited: 'request.settle',
  },
  'a device unenrolled': {
    given: async () => {
      await enrolled();
      return { page: '/devices/D1', path: '/devices/D1/unenrol' };
    },
    audited: 'device.unenrol',
  },
  'an order voided': {
    given: async () => {
      await enrolled();
      return { page: '/orders/7', path: '/orders/7/void' };
    },
    audited: 'order.void',
  },
};

/** Everything that an action may change, but for the audit. */
async function standing(): Promise<unknown> {
  const tables = [
    'delivery',
    'batch',
    'intake_pause',
    'provider_request',
    'settlement_wish',
    'device',
    'sales_order',
  ];
  return Promise.all(
    tables.map((table) =>
      scene.rt.db
        .selectFrom(table as 'delivery')
        .selectAll()
        .execute(),
    ),
  );
}

/** But for that he signed in. */
const audit = () =>
  scene.rt.db
    .selectFrom('audit')
    .selectAll()
    .where('who', '=', 'some-operator')
    .where('subject', 'not like', 'user %')
    .execute();

test.each(Object.entries(cases))(
  'O11 %s: two steps, a reason, and before and after in the audit',
  async (_what, { given, fields = {}, audited }) => {
    const { page, path } = await given();
    // The first step opens the form; the second sends it.
    const shown = await scene.page(page, 'operator');
    const [, form = ''] =
      new RegExp(`<details class="action">([^]*?action="${path}"[^]*?)</details>`).exec(shown) ?? [];
    expect(form.slice(form.lastIndexOf('<form'))).toMatch(/name="reason" required/);
    const before = await standing();
    for (const reason of [undefined, '', '   ']) {
      const [status, text] = await scene.refusal(
        path,
        { ...fields, ...(reason !== undefined && { reason }) },
        'operator',
      );
      expect([status, text]).toEqual([400, expect.stringContaining('reason is needed')]);
    }
    expect(await standing()).toEqual(before);
    expect(await audit()).toEqual([]);

    await scene.act(path, { ...fields, reason: 'agreed by telephone' });
    expect(await standing()).not.toEqual(before);
    const [row, ...others] = await audit();
    expect(others).toEqual([]);
    expect(row).toMatchObject({ action: audited, reason: 'agreed by telephone' });
    expect(row?.before_json).toMatch(/^\{"/);
    expect(row?.after_json).toMatch(/^\{"/);
    expect(row?.after_json).not.toBe(row?.before_json);
  },
);
