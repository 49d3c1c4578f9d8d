import {
  admitCall,
  afterFailure,
  circuitState,
  closedCircuit,
  type Circuit,
} from '../../shared/https/circuit.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { faultFields } from '../../shared/runtime/events.ts';
import type { Fault } from '../../shared/runtime/faults.ts';
import { restOf, saveRest } from '../../shared/store/provider-exchanges.ts';
import type { Db } from '../../shared/store/tables.ts';
import type { Provider } from './provider.ts';
import type { Settlement } from './settle-exchange.ts';

/** A provider that asks for more rest is tried again after an hour: what it meant may be one request only. */
const longestNamedRestSeconds = 3600;

/**
 * Whether a provider is left alone for a while, kept in the store: a restart does not forget it, every process of ours
 * holds to it, and operators see it.
 */
export class ProviderHealth {
  readonly #runtime: Runtime;
  readonly #provider: Provider;

  constructor(runtime: Runtime, provider: Provider) {
    this.#runtime = runtime;
    this.#provider = provider;
  }

  async mayCall(db: Db): Promise<boolean> {
    return circuitState(await this.#circuit(db), this.#settings, this.#runtime.clock.now()) !== 'open';
  }

  /** A call is about to be made: after a rest it is the one that tries whether the provider is well again. */
  async admit(trx: Db): Promise<void> {
    const before = await this.#circuit(trx);
    const after = admitCall(before, this.#settings, this.#runtime.clock.now());
    if (after && after !== before) await this.#save(trx, after);
  }

  /** Takes in how a call went. @returns what is to be told once this is committed */
  async note(trx: Db, { trouble, retryAfterSeconds = 0 }: Settlement): Promise<() => void> {
    const before = await this.#circuit(trx);
    if (trouble) return this.#noteTrouble(trx, before, trouble, retryAfterSeconds);
    if (before.failures === 0 && before.restsUntil === null) return () => undefined;
    await this.#save(trx, closedCircuit);
    const rested = before.restsUntil !== null;
    return () => {
      if (rested) this.#runtime.emit('provider.resumed', { provider: this.#provider.id });
    };
  }

  async #noteTrouble(
    trx: Db,
    before: Circuit,
    trouble: Fault,
    retryAfterSeconds: number,
  ): Promise<() => void> {
    const { clock, emit } = this.#runtime;
    const now = clock.now();
    const failed = afterFailure(before, this.#settings, trouble.code, now);
    const after = restedFor(failed, Math.min(retryAfterSeconds, longestNamedRestSeconds), now);
    await this.#save(trx, after, trouble);
    const { restsUntil } = after;
    return () => {
      if (restsUntil === null) return;
      const until = new Date(restsUntil).toISOString();
      emit('provider.rests', { provider: this.#provider.id, until, ...faultFields(trouble) });
    };
  }

  get #settings() {
    return this.#provider.settings.https;
  }

  async #circuit(db: Db): Promise<Circuit> {
    const row = await restOf(db, this.#provider.id);
    return {
      failures: row?.failures ?? 0,
      rests: row?.rests ?? 0,
      restsUntil: row?.rests_until == null ? null : Date.parse(row.rests_until),
    };
  }

  async #save(trx: Db, { failures, rests, restsUntil }: Circuit, trouble?: Fault): Promise<void> {
    const known = await restOf(trx, this.#provider.id);
    await saveRest(trx, {
      provider_id: this.#provider.id,
      failures,
      rests,
      rests_until: restsUntil === null ? null : new Date(restsUntil).toISOString(),
      // A trial does not change why the provider rested.
      fault_code: trouble?.code ?? (failures > 0 ? (known?.fault_code ?? null) : null),
      detail: trouble?.detail ?? (failures > 0 ? (known?.detail ?? null) : null),
      changed_at: this.#runtime.clock.now().toISOString(),
    });
  }
}

/** A provider that names a time is left alone until then. */
function restedFor(circuit: Circuit, seconds: number, now: Date): Circuit {
  if (seconds === 0) return circuit;
  const named = now.getTime() + seconds * 1000;
  return {
    ...circuit,
    rests: Math.max(1, circuit.rests),
    restsUntil: Math.max(named, circuit.restsUntil ?? 0),
  };
}
