import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { askProviders } from '../../../daemons/adaptor/ask-providers.ts';
import { receiveAnswer } from '../../../daemons/adaptor/receive-answer.ts';
import { recordFilesSent } from '../../../daemons/adaptor/record-sent.ts';
import { transformRequest } from '../../../daemons/adaptor/transform-request.ts';
import { inboxTask, openInbox } from '../../../shared/daemon/inboxes.ts';
import {
  deviceEnrolmentRequest,
  describeRequest,
  type DeviceEnrolmentRequest,
  type RequestOrder,
} from '../../../shared/generic/device-enrolment-request.ts';
import { readVerdict } from '../../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../../shared/generic/document.ts';
import { fixedKeys } from '../../../shared/daemon/keys.ts';
import { loadConfig } from '../../../shared/runtime/config.ts';
import type { Task } from '../../../shared/runtime/task-loop.ts';
import { makeInbox } from '../../../shared/spool/layout.ts';
import { Publisher } from '../../../shared/spool/publisher.ts';
import { contentOf } from '../../../shared/spool/received-file.ts';
import { createBatch, moveBatch } from '../../../shared/store/batches.ts';
import { inTransaction } from '../../../shared/store/open-store.ts';
import type { ProviderRequestRow } from '../../../shared/store/provider-requests.ts';
import { ringOf } from '../../support/pgp.ts';
import { testRuntime, type TestRuntime } from '../../support/test-runtime.ts';
import { requestRows, responses } from './scenes.ts';
import { insertSeen } from '../../support/one-file.ts';

/**
 * The adaptor with one provider over a real spool: files for the provider are really published, and what the provider,
 * or a person in its place, brings back is really dropped.
 */

const never = new AbortController().signal;
const plain = 'inboxes: { outboundDeviceEnrolment: { encryption: none, signature: forbidden } }';

export interface PublishedFile {
  readonly name: string;
  readonly content: string;
}

/** How a dropped file ended. */
export interface Ended {
  readonly state: string;
  readonly code?: string;
  readonly detail?: string;
}

export class Desk {
  readonly rt: TestRuntime;
  readonly #provider: string;
  readonly #inbox: Task;
  readonly #publisher: Publisher;
  #batches = 0;

  private constructor(rt: TestRuntime, provider: string, inbox: Task) {
    this.rt = rt;
    this.#provider = provider;
    this.#inbox = inbox;
    this.#publisher = new Publisher('publish', {
      spool: join(rt.loaded.home, 'spool'),
      db: rt.db,
      worker: rt.worker,
      lease: rt.lease,
      clock: rt.clock,
      emit: rt.emit,
      purposes: ['provider-request', 'provider-query'],
      seal: (row) => Promise.resolve(Buffer.from(row.content ?? '')),
      onPublished: (trx, rows) => recordFilesSent(rt, trx, rows),
    });
  }

  /** @param providers the YAML of the configuration, with one provider; read and checked as the product does it */
  static async open(providers: string): Promise<Desk> {
    const bare = await testRuntime();
    const { home } = bare.loaded;
    const file = join(home, 'enrol.yaml');
    await writeFile(file, `${providers}\n${plain}\n`);
    const rt = { ...bare, loaded: await loadConfig({ home, file, env: {} }) };
    const [provider = ''] = Object.keys(rt.loaded.config.providers);
    const name = `provider/${provider}/inbound` as const;
    await makeInbox(join(home, 'spool', name));
    await mkdir(join(home, 'spool/provider', provider, 'outbound'));
    const { inbox } = rt.loaded.config.providers[provider] ?? {};
    if (!inbox) throw new Error('no provider');
    const opened = await openInbox(rt, name, inbox);
    return new Desk(
      rt,
      provider,
      inboxTask(opened, (received) => receiveAnswer(rt, fixedKeys(ringOf([])), provider, received)),
    );
  }

  close(): Promise<void> {
    return this.rt.close();
  }

  /** A generic request arrives. @returns the files for the provider that are published then */
  async request(...orders: RequestOrder[]): Promise<PublishedFile[]> {
    const { rt } = this;
    const document = await this.#extracted(orders);
    const bytes = Buffer.from(writeDocument(deviceEnrolmentRequest, document));
    const name = `device-enrolment-request.${this.#provider}.${document.identifier}.json`;
    const mark = { dev: '1', inode: String(++this.#batches), size: bytes.length, mtimeNs: '1' };
    const seen = { inbox: 'outboundDeviceEnrolment', name, mark };
    const delivery = await insertSeen(rt.db, seen, rt.worker, rt.clock.now());
    if (!delivery) throw new Error(`${name} is in the ledger already`);
    const file = { ...contentOf(bytes), name, digest: '', size: bytes.length, delivery };
    await inTransaction(rt.db, await transformRequest(rt, fixedKeys(ringOf([])), file));
    return this.published();
  }

  /** A batch as the extractor leaves it, and its document. */
  async #extracted(orders: readonly RequestOrder[]): Promise<DeviceEnrolmentRequest> {
    const { rt } = this;
    const { category, type, version } = deviceEnrolmentRequest;
    const batch = await createBatch(
      rt.db,
      {
        ...{ direction: 'outbound', category, type, version, providerId: this.#provider },
        externalFileName: null,
        standing: { stage: 'Batch', status: 'In progress' },
        items: orders.map((order) => ({
          customerReference: String(order.id),
          description: describeRequest(order),
          payload: order,
        })),
      },
      'request job',
      rt.clock.now(),
    );
    for (const standing of [
      { stage: 'Batch', status: 'Complete' },
      { stage: 'Extract/Load', status: 'In progress' },
      { stage: 'Extract/Load', status: 'Complete' },
    ] as const) {
      await moveBatch(rt.db, batch.id, standing, 'extractor', rt.clock.now());
    }
    return {
      identifier: batch.id,
      version: 1.1,
      interfaceCategory: 'Device Enrolment',
      interfaceType: 'Device Enrolment Request',
      batchDateTime: '2026-05-06T00:00:00.000Z',
      extractLoadDateTime: '2026-05-06T00:00:05.000Z',
      recordCount: orders.length,
      deviceEnrolmentProviderId: this.#provider,
      orders: [...orders],
    };
  }

  /** Publishes what is queued. @returns the files for the provider, which takes them away */
  async published(): Promise<PublishedFile[]> {
    await this.#publisher.step(never);
    const folder = join(this.rt.loaded.home, 'spool/provider', this.#provider, 'outbound');
    const files: PublishedFile[] = [];
    for (const name of (await readdir(folder)).sort()) {
      files.push({ name, content: await readFile(join(folder, name), 'utf8') });
      await rm(join(folder, name));
    }
    return files;
  }

  /** The questions whose time has come after so many seconds. */
  async questions(afterSeconds: number): Promise<PublishedFile[]> {
    this.rt.pass(afterSeconds);
    await askProviders(this.rt);
    return this.published();
  }

  /** Drops a file of the provider, and works it off. */
  async drop(name: string, content: string | Buffer): Promise<Ended> {
    const { rt } = this;
    const root = join(rt.loaded.home, 'spool/provider', this.#provider, 'inbound');
    const path = join(root, 'in', name);
    await writeFile(path, content);
    await utimes(path, rt.clock.now(), rt.clock.now());
    await this.#inbox.step(never);
    rt.pass(5);
    await this.#inbox.step(never);
    const row = await rt.db
      .selectFrom('delivery')
      .selectAll()
      .where('folder', '=', `provider/${this.#provider}/inbound`)
      .orderBy('id', 'desc')
      .executeTakeFirstOrThrow();
    if (row.state !== 'rejected') return { state: row.state };
    const reason = await readFile(join(rt.loaded.home, 'spool', `${row.place ?? ''}.reason.json`), 'utf8');
    const { code, detail } = JSON.parse(reason) as { code: string; detail: string };
    return { state: row.state, code, detail };
  }

  /** The first request, as it stands in the store. */
  async firstRequest(): Promise<ProviderRequestRow> {
    const [row] = await requestRows(this.rt);
    if (!row) throw new Error('no request');
    return row;
  }

  /** What CMP was told of the devices of an order, one line for each answer; a device that is not named is not there. */
  async told(orderId: number, deviceIds: readonly string[]): Promise<Record<string, string>[]> {
    return (await responses(this.rt))
      .filter(({ order }) => order.id === orderId)
      .map(({ order }) =>
        Object.fromEntries(
          deviceIds.flatMap((id) => {
            const verdict = readVerdict(order, id);
            if (verdict.outcome === 'silent') return [];
            return [[id, verdict.outcome === 'failed' ? (verdict.errors[0]?.id ?? '') : verdict.outcome]];
          }),
        ),
      );
  }
}
