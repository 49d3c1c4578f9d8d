import { providerOf } from '../../daemons/adaptor/provider.ts';
import type { ProviderRequest } from '../../daemons/adaptor/providers/provider-format.ts';
import { AppleService, noRules } from '../../demo/apple-service.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import { counted, shown, timed } from '../figures.ts';
import type { Measurement } from '../measurement.ts';
import { Waiting, warmUp } from '../scene/drop.ts';
import { withHome, type Home } from '../scene/home.ts';
import { Ledger, published } from '../scene/ledger.ts';
import { orderOf } from '../scene/orders.ts';
import { acceptedRequests } from '../scene/requests.ts';
import { withStore } from '../scene/store.ts';
import { sealedAlone } from './extractor.ts';

export const outbox = 'inboundDeviceEnrolment/in';
export const inbox = 'provider/apple/inbound';

/** An account at Apple, over files. */
export const apple = {
  format: 'apple',
  transport: 'spool',
  account: { shipTo: '0000071234', depResellerId: '16FCE4A0' },
  inbox: { encryption: 'none', quietSeconds: 0 },
};

/** Apple's results, each of one order with ten devices, to sealed generic responses. */
export const adaptor: Measurement = {
  name: 'adaptor',
  what: 'adaptor, Apple answers of 10 devices: dropped to the sealed response published',
  against: 'openpgp alone seals the same documents',
  target: { ratio: 0.8 },
  size: ({ files }) => `${counted(files)} answers`,
  run: ({ files }) =>
    withHome({ settings: [[['providers'], { apple }]] }, async (home) => {
      const first = warmUp(files);
      const waiting = new Waiting(home, inbox);
      await waiting.add(await answers(home, first + files));
      const process = await home.daemon('adaptor');
      const ledger = new Ledger(home);
      try {
        const answer = (count: number, done: number) => {
          waiting.drop(count);
          return ledger.settled(published(outbox), done, process);
        };
        await answer(first, first);
        const before = process.cpuSeconds();
        const seconds = await timed(() => answer(files, first + files));
        const cpu = ((process.cpuSeconds() - before) / files) * 1000;
        await process.stop();
        const alone = await sealedAlone(home, outbox, files);
        const measured = files / seconds;
        return {
          measured,
          reference: alone.perSecond,
          unit: 'files/s',
          details: [alone.how, `${shown(cpu)} ms of CPU for an answer`],
        };
      } finally {
        ledger.close();
      }
    }),
};

/** Requests of one order each in the store, and what the simulated Apple answers in the end. */
export function answers(home: Home, count: number): Promise<[name: string, content: string][]> {
  const service = new AppleService({ now: () => new Date(), newId: () => crypto.randomUUID() });
  const rules = { ...noRules, pendingQuestions: 0 };
  const files: [string, string][] = [];
  return withStore(home, ({ db, loaded }) =>
    inTransaction(db, async (trx) => {
      const provider = providerOf(loaded.config, 'apple');
      const accepted = ({ message, ...request }: ProviderRequest): string => {
        const said = service.answer('bulk-enroll-devices', JSON.parse(message.content), rules);
        const { deviceEnrollmentTransactionId: theirs } = said as { deviceEnrollmentTransactionId: string };
        const asked = { ...request, message, providerTransactionId: theirs };
        const question: unknown = JSON.parse(provider.format.toQuery(asked)?.content ?? '');
        const result = service.answer('check-transaction-status', question, rules);
        files.push([`check-transaction-status.${request.transactionId}.json`, JSON.stringify(result)]);
        return theirs;
      };
      for (let n = 1; n <= count; n++) await acceptedRequests(trx, provider, [orderOf(n)], accepted);
      return files;
    }),
  );
}
