import type { LoadedConfig } from '../runtime/config.ts';
import { Fault } from '../runtime/faults.ts';
import { channelsOf } from '../probes/notice-channels.ts';
import { addNotice, type Notice } from '../store/notices.ts';
import { inTransaction } from '../store/open-store.ts';
import type { Db } from '../store/tables.ts';
import { audit, type Operator } from './operator.ts';

/**
 * Puts a test notice into every channel that is set up.
 *
 * @param sendAt when the scheduler sends it, unless somebody else has done so before
 * @throws Fault NOT_ALLOWED when there is none
 */
export async function testNotices(
  { config }: LoadedConfig,
  db: Db,
  operator: Operator,
  sendAt: Date = operator.now,
): Promise<Notice[]> {
  const channels = channelsOf(config.probes.notices);
  if (channels.length === 0) {
    throw new Fault('NOT_ALLOWED', 'neither probes.notices.mail.host nor probes.notices.webhook.url is set');
  }
  return inTransaction(db, async (trx) => {
    const notices: Notice[] = [];
    for (const channel of channels) {
      notices.push(await addNotice(trx, channel, null, { now: operator.now, sendAt }));
    }
    await audit(trx, operator, {
      action: 'notice.test',
      subject: 'notices',
      before: null,
      after: notices.map(({ id, channel }) => ({ notice: id, channel })),
    });
    return notices;
  });
}
