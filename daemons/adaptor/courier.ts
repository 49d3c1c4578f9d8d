import { HttpsClient, type Reply } from '../../shared/https/client.ts';
import { callBegun, callEnded, newPace, waitMilliseconds, type Pace } from '../../shared/https/pace.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { faultFields } from '../../shared/runtime/events.ts';
import { failPoint } from '../../shared/runtime/fail-point.ts';
import { Fault, toFault } from '../../shared/runtime/faults.ts';
import type { StepResult, Task } from '../../shared/runtime/task-loop.ts';
import { inTransaction } from '../../shared/store/open-store.ts';
import { isLost } from '../../shared/store/postgres/faults.ts';
import {
  abandonedExchanges,
  beginExchange,
  hasEnded,
  isBeingCalled,
  type ProviderExchange,
} from '../../shared/store/provider-exchanges.ts';
import { messageOf, requireRequest, type ProviderRequestRow } from '../../shared/store/provider-requests.ts';
import {
  dueQuestions,
  dueRequests,
  takeDueQuestions,
  takeDueRequests,
} from '../../shared/store/request-queue.ts';
import type { Db } from '../../shared/store/tables.ts';
import { survivors } from '../../shared/store/workers.ts';
import { nextQuestion } from './ask-providers.ts';
import type { Provider } from './provider.ts';
import { ProviderHealth } from './provider-health.ts';
import type { ProviderMessage, Question } from './providers/provider-format.ts';
import { recordSent } from './record-sent.ts';
import { settleFailure, settleReply } from './settle-exchange.ts';

/** How long an orderly stop waits for answers. Service managers kill what takes much longer than a minute. */
const graceMilliseconds = 20_000;

/** A call that has ended, and waits to be recorded. */
interface Ended {
  readonly exchange: ProviderExchange;
  readonly outcome: { readonly reply: Reply } | { readonly fault: Fault };
}

/**
 * Calls one provider over HTTPS, beside the loop, so that a provider that stalls delays nobody:
 *
 *   row of the exchange, request `sent` → the call → the reply, what it means, the end of the exchange: one transaction
 *
 * A crash in between leaves an exchange without an end: the next process knows by it that the answer is lost, and has
 * the provider asked what became of the request. A process that was stopped in between, and goes on when others have done
 * so, makes no call any more, and of an answer that comes all the same it is only told.
 */
export class Courier implements Task {
  readonly name: string;
  readonly #runtime: Runtime;
  readonly #provider: Provider;
  readonly #client: HttpsClient;
  readonly #health: ProviderHealth;
  #pace: Pace;
  readonly #running = new Set<Promise<void>>();
  readonly #ended: Ended[] = [];
  /** Ids of exchanges that are called, or wait to be recorded. */
  readonly #inHand = new Set<number>();
  /** Id of the exchange whose end was being committed when the connection to the store was lost: it may be recorded. */
  #unconfirmed: number | undefined;
  readonly #givenUp = new AbortController();
  #ring: () => void = () => undefined;
  #questionsFirst = false;

  constructor(runtime: Runtime, provider: Provider) {
    const { loaded, clock, emit } = runtime;
    const { https } = provider.settings;
    this.name = `call ${provider.id}`;
    this.#runtime = runtime;
    this.#provider = provider;
    this.#client = new HttpsClient({
      settings: https,
      home: loaded.home,
      name: provider.id,
      clock,
      onRefusedCredentials: (fault) =>
        emit('provider.credentials-refused', { provider: provider.id, ...faultFields(fault) }),
    });
    this.#health = new ProviderHealth(runtime, provider);
    this.#pace = newPace(https, clock.monotonic());
  }

  listen(ring: () => void): void {
    this.#ring = ring;
  }

  /** One round: what has ended is recorded, what is due is begun. Waits for no call. */
  async step(stop: AbortSignal): Promise<StepResult> {
    await this.#adoptAbandoned();
    const worked = await this.#settleEnded();
    const paced = stop.aborted ? false : await this.#begin();
    // What has ended while this round waited for the store is still to be recorded.
    const running = this.#running.size + this.#ended.length;
    return { worked, refused: 0, waiting: paced ? 1 : 0, running };
  }

  /** The calls under way are waited for, though not for ever when the process ends: a lost answer costs a question and hours. */
  async finish(ending: AbortSignal): Promise<void> {
    let giveUp: NodeJS.Timeout | undefined;
    const hurry = () => (giveUp = setTimeout(() => this.#givenUp.abort(), graceMilliseconds));
    if (ending.aborted) hurry();
    else ending.addEventListener('abort', hurry, { once: true });
    await Promise.all(this.#running);
    ending.removeEventListener('abort', hurry);
    clearTimeout(giveUp);
    await this.#settleEnded();
    await this.#client.close();
  }

  /** @returns whether something is due that only the pace keeps back */
  async #begin(): Promise<boolean> {
    const { db } = this.#runtime;
    const { https } = this.#provider.settings;
    while (await this.#health.mayCall(db)) {
      const wait = waitMilliseconds(this.#pace, https, this.#runtime.clock.monotonic());
      if (wait > 0) return wait !== Infinity && this.#somethingDue();
      this.#questionsFirst = !this.#questionsFirst;
      const exchange = await inTransaction(db, (trx) => this.#next(trx));
      if (!exchange) return false;
      failPoint('call.recorded');
      this.#pace = callBegun(this.#pace, https, this.#runtime.clock.monotonic());
      this.#call(exchange);
    }
    return false;
  }

  async #somethingDue(): Promise<boolean> {
    const { db, clock } = this.#runtime;
    const due = [dueRequests, dueQuestions].map((find) => find(db, [this.#provider.id], clock.now(), 1));
    return (await Promise.all(due)).some((rows) => rows.length > 0);
  }

  /** The next request or question, in turn, so that neither keeps the other waiting. */
  async #next(trx: Db): Promise<ProviderExchange | undefined> {
    // Another process of ours may have begun to try whether the provider is well again.
    if (!(await this.#health.mayCall(trx))) return undefined;
    const exchange = this.#questionsFirst
      ? ((await this.#nextQuestion(trx)) ?? (await this.#nextRequest(trx)))
      : ((await this.#nextRequest(trx)) ?? (await this.#nextQuestion(trx)));
    if (exchange) await this.#health.admit(trx);
    return exchange;
  }

  async #nextRequest(trx: Db): Promise<ProviderExchange | undefined> {
    const [request] = await takeDueRequests(trx, [this.#provider.id], this.#runtime.clock.now(), 1);
    if (!request) return undefined;
    await recordSent(this.#runtime, trx, request, `request ${request.transaction_id} over HTTPS`);
    const message = (await messageOf(trx, request.id)) as ProviderMessage;
    return this.#record(trx, request, 'request', message);
  }

  async #nextQuestion(trx: Db): Promise<ProviderExchange | undefined> {
    const now = this.#runtime.clock.now();
    for (;;) {
      const [request] = await takeDueQuestions(trx, [this.#provider.id], now, 1);
      if (!request) return undefined;
      // A second question beside the first could take the answer to the one for that to the other.
      const busy = await isBeingCalled(trx, request.id);
      const next = await nextQuestion(trx, this.#provider, request, now);
      if (next && !busy) return this.#record(trx, request, next.question, next.message);
    }
  }

  #record(
    trx: Db,
    request: ProviderRequestRow,
    question: Question,
    message: ProviderMessage,
  ): Promise<ProviderExchange> {
    const exchange = { requestId: request.id, providerId: this.#provider.id, question, message };
    return beginExchange(trx, exchange, this.#runtime.worker, this.#runtime.clock.now());
  }

  #call(exchange: ProviderExchange): void {
    this.#inHand.add(exchange.id);
    const message = JSON.parse(exchange.message_json) as ProviderMessage;
    const call = this.#runtime.lease
      .hold()
      .then(() => this.#client.call(message, this.#givenUp.signal))
      .then((reply) => ({ reply }))
      .catch((thrown: unknown) => ({ fault: toFault(thrown) }))
      .then((outcome) => {
        failPoint('call.answered');
        this.#ended.push({ exchange, outcome });
        this.#running.delete(call);
        this.#pace = callEnded(this.#pace);
        this.#ring();
      });
    this.#running.add(call);
  }

  /** Replies that cannot be recorded now, because the store is busy or full, stay in memory and are tried again. */
  async #settleEnded(): Promise<number> {
    let settled = 0;
    for (let ended = this.#ended[0]; ended; ended = this.#ended[0]) {
      await this.#settle(ended).catch((thrown: unknown) => {
        if (isLost(thrown)) this.#unconfirmed = ended.exchange.id;
        return this.#tellTakenOver(ended, thrown);
      });
      this.#ended.shift();
      this.#inHand.delete(ended.exchange.id);
      failPoint('call.settled');
      settled++;
    }
    return settled;
  }

  async #settle({ exchange, outcome }: Ended): Promise<void> {
    const scene = { runtime: this.#runtime, provider: this.#provider, exchange };
    const telling = await inTransaction(this.#runtime.db, async (trx) => {
      if (this.#unconfirmed === exchange.id && (await hasEnded(trx, exchange.id))) return [];
      const settled =
        'reply' in outcome
          ? await settleReply(scene, trx, outcome.reply)
          : await settleFailure(scene, trx, outcome.fault);
      return [settled.tell, await this.#health.note(trx, settled)];
    });
    // Told when it is true.
    for (const tell of telling) tell();
  }

  /** @throws what is not about a call that others have settled */
  async #tellTakenOver({ exchange }: Ended, thrown: unknown): Promise<void> {
    const fault = toFault(thrown);
    if (fault.code !== 'LEASE_LOST') throw thrown;
    const { db, emit, lease } = this.#runtime;
    const { transaction_id: transaction } = await requireRequest(db, exchange.request_id);
    const { provider_id: provider, question, id } = exchange;
    emit('provider.call-taken-over', {
      provider,
      transaction,
      question,
      exchange: id,
      ...faultFields(fault),
    });
    lease.confirm();
  }

  async #adoptAbandoned(): Promise<void> {
    const { db, clock, worker } = this.#runtime;
    const others = (await survivors(db, clock.now())).filter((id) => id !== worker.id);
    for (const exchange of await abandonedExchanges(db, this.#provider.id, others)) {
      if (this.#inHand.has(exchange.id)) continue;
      const scene = { runtime: this.#runtime, provider: this.#provider, exchange };
      const fault = exchange.worker_id === worker.id ? neverCalled : lost;
      try {
        const { tell } = await inTransaction(db, (trx) => settleFailure(scene, trx, fault));
        tell();
      } catch (thrown) {
        if (toFault(thrown).code !== 'LEASE_LOST') throw thrown; // Another adaptor was faster.
      }
    }
  }
}

const lost = new Fault('ANSWER_LOST', 'our process ended during the call');
/** Of our own, without a call: that they had been recorded was not known at the time. */
const neverCalled = new Fault(
  'STORE_OUTCOME_UNKNOWN',
  'the connection to the store was lost before the call was made',
);
