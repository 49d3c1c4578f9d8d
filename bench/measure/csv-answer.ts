import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parse } from 'csv-parse';
import { parse as parseYaml } from 'yaml';

import { providerOf } from '../../daemons/adaptor/provider.ts';
import type { ProviderRequest } from '../../daemons/adaptor/providers/provider-format.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import { counted, shown, timed } from '../figures.ts';
import type { Measurement } from '../measurement.ts';
import { Waiting } from '../scene/drop.ts';
import { withHome, type Home } from '../scene/home.ts';
import { Ledger, received } from '../scene/ledger.ts';
import { orderOf } from '../scene/orders.ts';
import { acceptedRequests } from '../scene/requests.ts';
import { withStore } from '../scene/store.ts';

const inbox = 'provider/distributor/inbound';
const devicesPerOrder = 100;

/**
 * One result sheet of a provider by settings, with a row for each device that was asked for, until every outcome is in
 * the store, the responses are queued, and the sheet is archived. The sealing of the responses is another measurement.
 */
export const csvAnswer: Measurement = {
  name: 'csv-answer',
  what: 'adaptor, one CSV answer, orders of 100 devices: dropped to archived',
  against: 'csv-parse alone over the file, as a stream',
  target: { ratio: 0.5, peakMegabytes: 512 },
  size: ({ devices }) => `${counted(devices)} rows`,
  run: async ({ devices }) =>
    withHome({ settings: [[['providers'], { distributor: await distributor(devices) }]] }, async (home) => {
      const sheet = join(home.home, 'sheet.csv');
      const [transaction] = await ask(home, devices);
      await writeFile(sheet, answerTo(transaction));
      const parsing = await parseAlone(sheet);
      const reference = `csv-parse ${shown(parsing.seconds)} s, ${shown(parsing.cpuSeconds)} s of CPU`;
      const waiting = new Waiting(home, inbox);
      waiting.take(sheet, 'results.csv');
      const { seconds, cpuSeconds, peakMegabytes } = await answer(home, waiting);
      return {
        measured: devices / seconds,
        reference: devices / parsing.seconds,
        unit: 'rows/s',
        memory: { peakMegabytes },
        details: [`the adaptor took ${shown(seconds)} s, ${shown(cpuSeconds)} s of CPU; ${reference}`],
      };
    }),
};

/** The sample of the repository, taking so many devices in one request. */
async function distributor(devices: number): Promise<object> {
  const sample = await readFile(
    new URL('../../config/samples/providers/distributor-csv.yaml', import.meta.url),
    'utf8',
  );
  const { providers } = parseYaml(sample) as { providers: { distributor: { inbox: object } } };
  const { distributor: settings } = providers;
  return {
    ...settings,
    inbox: { ...settings.inbox, quietSeconds: 0, maxFileMegabytes: 1024 },
    limits: { ordersPerRequest: devices, devicesPerRequest: devices },
  };
}

/** One request about all devices. */
const ask = (home: Home, devices: number): Promise<readonly ProviderRequest[]> =>
  withStore(home, ({ db, loaded }) =>
    inTransaction(db, (trx) => {
      const orders = Array.from({ length: Math.ceil(devices / devicesPerOrder) }, (_, n) =>
        orderOf(n + 1, Math.min(devicesPerOrder, devices - n * devicesPerOrder)),
      );
      return acceptedRequests(trx, providerOf(loaded.config, 'distributor'), orders, () => 'T-1');
    }),
  );

/** @throws when there is no one request */
function* answerTo(request: ProviderRequest | undefined): Generator<string> {
  if (!request) throw new Error('the devices do not fit into one request');
  yield 'Batch;Identifier;Status;Reason;Reason text\r\n';
  for (const { devices } of request.orders) {
    const rows = devices.map((device) => `${request.transactionId};${device.providerDeviceId};OK;;\r\n`);
    yield rows.join('');
  }
}

async function parseAlone(path: string): Promise<{ seconds: number; cpuSeconds: number }> {
  const before = process.cpuUsage();
  const seconds = await timed(async () => {
    for await (const row of createReadStream(path).pipe(parse({ delimiter: ';', columns: true })))
      if (row === undefined) throw new Error('no row');
  });
  const { user, system } = process.cpuUsage(before);
  return { seconds, cpuSeconds: (user + system) / 1e6 };
}

interface Answering {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

async function answer(home: Home, waiting: Waiting): Promise<Answering> {
  const ledger = new Ledger(home);
  try {
    const process = await home.daemon('adaptor');
    const before = process.cpuSeconds();
    const seconds = await timed(() => {
      waiting.drop(1);
      return ledger.settled(received(inbox), 1, process);
    });
    const [cpuSeconds, peakMegabytes] = [process.cpuSeconds() - before, process.peakMegabytes()];
    await process.stop();
    return { seconds, cpuSeconds, peakMegabytes };
  } finally {
    ledger.close();
  }
}
