import { createHash } from 'node:crypto';

import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import type { Db } from '../../shared/store/tables.ts';
import { sealedDispatch, type OrderInHand } from '../support/dispatches.ts';
import { install, type TestInstallation } from '../support/installation.ts';
import { patiently } from './patiently.ts';
import type { Hosts } from './random-kills.ts';
import { dispatchInbox, enterOrders } from './trunk.ts';

/** Orders on their way at a time, at most, for each host; there is work for every daemon then. */
const inFlight = 24;
const dropsAtOnce = 6;

/** A process that has not renewed its lease for so long is dead to those on other hosts. */
export const leaseSeconds = 10;

/** What every id of the flow begins with. */
const begin = { order: '90622845', device: 'ZZFLOW', organisation: 'FLOWORG' } as const;
export const flowCanaries: readonly string[] = Object.values(begin);
export const flowDevices = begin.device;

/** What is looked at when all is done. */
export type FlowState = Pick<Flow, 'installation' | 'db' | 'orders' | 'dropped'>;

/** Orders that flow through an installation, each with a dispatch file of its own. */
export class Flow {
  readonly installation: TestInstallation;
  readonly db: Db;
  readonly orders: OrderInHand[] = [];
  /** Name of each dropped file -> SHA-256 of its bytes. */
  readonly dropped = new Map<string, string>();
  readonly #warehouse: KeyRing;
  readonly #hosts: number;
  #topUp: Promise<void> | undefined;

  private constructor(installation: TestInstallation, db: Db, warehouse: KeyRing, hosts: number) {
    this.installation = installation;
    this.db = db;
    this.#warehouse = warehouse;
    this.#hosts = hosts;
  }

  /** @param hosts that share it; without any, it is one host's, with an embedded store */
  static async begin(hosts?: Hosts): Promise<Flow> {
    const installation = await install(hosts?.stores);
    // A kill is not the file's fault here, however often it hits the same one.
    await installation.configure([
      [['retry', 'crashAttempts'], 100],
      [['retry', 'maxAttempts'], 1000],
      [['retry', 'maxSeconds'], 2],
      [['store', 'leaseSeconds'], leaseSeconds],
    ]);
    const warehouse = await installation.addPartner('warehouse');
    await installation.startFileSimulator('apple', {});
    return new Flow(installation, await installation.store(), warehouse, hosts?.count ?? 1);
  }

  /** Drops further dispatches, unless enough orders are on their way; once at a time, whoever asks for it. */
  topUp(): Promise<void> {
    this.#topUp ??= this.#fill().finally(() => (this.#topUp = undefined));
    return this.#topUp;
  }

  async #fill(): Promise<void> {
    const { count } = await this.db
      .selectFrom('device')
      .select((select) => select.fn.countAll<number>().as('count'))
      .where('status', '=', 'Enrolled')
      .executeTakeFirstOrThrow();
    const onTheirWay = this.orders.length - count / devicesOfEach;
    const drops = dropsAtOnce * this.#hosts;
    if (onTheirWay + drops <= inFlight * this.#hosts) await this.#drop(drops);
  }

  async #drop(count: number): Promise<void> {
    const fresh = Array.from({ length: count }, (_, index) => orderOf(this.orders.length + index));
    this.orders.push(...fresh);
    await patiently(() => enterOrders(this.installation, fresh));
    for (const order of fresh) {
      const name = `dispatch-${this.dropped.size}.pgp`;
      const bytes = await sealedDispatch(order, this.#warehouse);
      this.dropped.set(name, createHash('sha256').update(bytes).digest('hex'));
      await this.installation.drop(dispatchInbox, name, bytes);
    }
  }
}

const devicesOfEach = 2;

function orderOf(n: number): OrderInHand {
  const number = String(n).padStart(4, '0');
  return {
    id: `${begin.order}${number}`,
    devices: Array.from({ length: devicesOfEach }, (_, index) => `${begin.device}${number}X${index}`),
    organisation: `${begin.organisation}${number}`,
  };
}
