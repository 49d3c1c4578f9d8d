import { hostname } from 'node:os';

import type { Runtime } from '../daemon/process.ts';
import { waitSeconds } from '../https/backoff.ts';
import { faultFields } from '../runtime/events.ts';
import { Fault, toFault } from '../runtime/faults.ts';
import type { StepResult, Task } from '../runtime/task-loop.ts';
import { beginAttempt, dueNotice, endAttempt, type Notice } from '../store/notices.ts';
import { inTransaction } from '../store/open-store.ts';
import { changesBetween } from '../store/probes.ts';
import type { NoticeChannel } from '../store/states/probe.ts';
import type { NoticeContent } from './notice-text.ts';

type Desk = Pick<Runtime, 'loaded' | 'db' | 'clock' | 'emit'>;

/** An attempt is over long before: what is still unsettled then was cut off by the end of its process. */
const spareSeconds = 60;
const changesListed = 100;

/**
 * Sends the notices of one channel:
 *
 *   row → attempt counted → sent → settled
 *
 * A crash in between costs a repetition, under the same id. Whatever the server does is a matter of the notice alone.
 */
export const noticeTask = (runtime: Runtime, channel: NoticeChannel): Task => ({
  name: `notices by ${channel}`,
  step: async (stop): Promise<StepResult> => {
    const notice = await inTransaction(runtime.db, (trx) => claim(trx, runtime, channel));
    if (notice) await deliver(runtime, notice, stop);
    return { worked: notice ? 1 : 0, refused: 0, waiting: 0 };
  },
});

async function claim(trx: Desk['db'], desk: Desk, channel: NoticeChannel): Promise<Notice | undefined> {
  const due = await dueNotice(trx, channel, desk.clock.now());
  return due && beginAttempt(trx, due, leaseOf(desk, channel));
}

/** Until when an attempt that begins now is nobody else's. */
export function leaseOf({ loaded, clock }: Pick<Desk, 'loaded' | 'clock'>, channel: NoticeChannel): Date {
  const { connectSeconds, answerSeconds } = loaded.config.probes.notices[channel];
  return new Date(clock.now().getTime() + (connectSeconds + answerSeconds + spareSeconds) * 1000);
}

/** One attempt, and what became of it. @returns the fault that it met */
export async function deliver(desk: Desk, notice: Notice, stop: AbortSignal): Promise<Fault | undefined> {
  const { db, clock, emit, loaded } = desk;
  const { attempts, retrySeconds } = loaded.config.probes.notices;
  const fields = { notice: notice.id, channel: notice.channel, attempt: notice.attempts };
  const outcome = await send(desk, notice, stop);
  if (!(outcome instanceof Fault)) {
    await endAttempt(db, notice.id, { to: 'sent', remark: outcome }, clock.now());
    emit('notice.sent', fields);
    return undefined;
  }
  // Nobody waits for the end of a test that did not work at first.
  if (notice.attempts >= attempts || notice.first_change === null) {
    await endAttempt(db, notice.id, { to: 'failed', fault: outcome }, clock.now());
    emit('notice.failed', { ...fields, ...faultFields(outcome) });
    return outcome;
  }
  const wait = waitSeconds(notice.attempts, retrySeconds);
  const nextTry = new Date(clock.now().getTime() + wait * 1000);
  await endAttempt(db, notice.id, { to: 'waiting', fault: outcome, nextTry }, clock.now());
  emit('notice.deferred', { ...fields, nextTryAt: nextTry.toISOString(), ...faultFields(outcome) });
  return outcome;
}

async function send(desk: Desk, notice: Notice, stop: AbortSignal): Promise<string | null | Fault> {
  const { home, config } = desk.loaded;
  const { mail, webhook } = config.probes.notices;
  const { connectSeconds, answerSeconds } = config.probes.notices[notice.channel];
  const late = AbortSignal.timeout((connectSeconds + answerSeconds) * 1000);
  const signal = AbortSignal.any([stop, late]);
  const content = await contentOf(desk, notice);
  try {
    // What sends is loaded with the first notice: most schedulers send none for days.
    if (notice.channel === 'mail') {
      const { sendMail } = await import('./send-mail.ts');
      return await sendMail(home, mail, content, signal);
    }
    const { sendWebhook } = await import('./send-webhook.ts');
    return await sendWebhook({ home, clock: desk.clock }, webhook, content, signal);
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.class === 'bug') throw fault;
    return fault;
  }
}

async function contentOf({ loaded, db }: Desk, notice: Notice): Promise<NoticeContent> {
  const { uid, first_change: first, last_change: last, created_at: createdAt } = notice;
  const { consoleUrl } = loaded.config.probes.notices;
  const changes = first === null || last === null ? [] : await changesBetween(db, first, last, changesListed);
  const more = last === null || changes.length < changesListed ? 0 : last - (changes.at(-1)?.id ?? last);
  return { uid, host: hostname(), consoleUrl, createdAt, changes, more };
}
