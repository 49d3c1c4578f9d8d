import { Publisher, type PublisherOptions } from '../../shared/spool/publisher.ts';
import { recordAudit } from '../../shared/store/audit.ts';

/**
 * Publishes generic requests, each with a row of the audit, which tells how often it was. Sealed is the number of the
 * process and the content: other bytes each time, as encryption gives.
 */
export const testPublisher = (
  options: Omit<PublisherOptions, 'purposes' | 'seal' | 'onPublished'>,
): Publisher =>
  new Publisher('publisher', {
    ...options,
    purposes: ['generic-request'],
    seal: (row) => Promise.resolve(Buffer.from(`${process.pid} ${row.content ?? ''}`)),
    onPublished: async (trx, rows) => {
      for (const { name } of rows) {
        const entry = { who: 'test', action: 'published', subject: name };
        await recordAudit(trx, { ...entry, reason: null, before: null, after: null }, options.clock.now());
      }
    },
  });
