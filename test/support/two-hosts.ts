import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { makeAuthority, type Authority } from '../../demo/certificates.ts';
import { deviceEnrolmentResponse } from '../../shared/generic/device-enrolment-response.ts';
import { writeDocument } from '../../shared/generic/document.ts';
import { importPartnerKey } from '../../shared/pgp/import-keys.ts';
import { exportPublicKey } from '../../shared/pgp/list-keys.ts';
import { queuePublication } from '../../shared/store/publications.ts';
import type { Db } from '../../shared/store/tables.ts';
import { freePort } from './free-port.ts';
import { install, type TestInstallation } from './installation.ts';
import { waitFor } from './wait-for.ts';

export const outgoing = 'outgoingDeviceEnrolment';
export const incoming = 'inboundDeviceEnrolment';

/**
 * An adaptor that posts its responses, and a loader on another host that takes them: two installations, each with its
 * own store and keys, which know each other by certificates, a token and OpenPGP.
 */
export class TwoHosts {
  readonly adaptorHost: TestInstallation;
  readonly loaderHost: TestInstallation;
  readonly authority: Authority;
  /** Where the loader listens, on this machine. */
  readonly port: number;
  #stores: { readonly adaptor: Db; readonly loader: Db } | undefined;

  private constructor(
    hosts: { readonly adaptor: TestInstallation; readonly loader: TestInstallation },
    authority: Authority,
    port: number,
  ) {
    this.adaptorHost = hosts.adaptor;
    this.loaderHost = hosts.loader;
    this.authority = authority;
    this.port = port;
  }

  static async install(): Promise<TwoHosts> {
    const [adaptor, loader] = [await install(), await install()];
    const hosts = new TwoHosts({ adaptor, loader }, await makeAuthority(), await freePort());
    await introduce(adaptor, loader, 'cmp');
    await introduce(loader, adaptor, 'adaptor');
    await hosts.#configureLoader();
    await hosts.#configureAdaptor();
    await adaptor.enrol('init');
    hosts.#stores = { adaptor: await adaptor.store(), loader: await loader.store() };
    return hosts;
  }

  async #configureLoader(): Promise<void> {
    const { certificatePem, keyPem } = await this.authority.issue({ name: 'localhost', usage: 'server' });
    await putSecret(this.loaderHost, 'listen.pem', certificatePem);
    await putSecret(this.loaderHost, 'listen-key.pem', keyPem);
    await putSecret(this.loaderHost, 'client-ca.pem', this.authority.certificatePem);
    await putSecret(this.loaderHost, 'token', 'Bearer of-two-hosts\n');
    await this.loaderHost.configure([
      [['inboxes', incoming, 'signedBy'], ['adaptor']],
      [['inboxes', 'inboundSalesOrderDispatch', 'signedBy'], ['own']],
      [['loader', 'listen', 'address'], `127.0.0.1:${this.port}`],
      [['loader', 'listen', 'certificateFile'], 'var/secrets/listen.pem'],
      [['loader', 'listen', 'keyFile'], 'var/secrets/listen-key.pem'],
      [['loader', 'listen', 'clientCaFile'], 'var/secrets/client-ca.pem'],
      [['loader', 'listen', 'tokenFile'], 'var/secrets/token'],
    ]);
  }

  async #configureAdaptor(): Promise<void> {
    const { certificatePem, keyPem } = await this.authority.issue({ name: 'adaptor', usage: 'client' });
    await putSecret(this.adaptorHost, 'client.pem', certificatePem);
    await putSecret(this.adaptorHost, 'client-key.pem', keyPem);
    await this.trust(this.authority);
    await this.giveToken('Bearer of-two-hosts');
    const endpoint = ['outboxes', 'deviceEnrolmentResponse', 'endpoint'];
    await this.adaptorHost.configure([
      [['outboxes', 'deviceEnrolmentResponse', 'encryptTo'], ['cmp']],
      [[...endpoint, 'url'], `https://localhost:${this.port}/${incoming}`],
      [[...endpoint, 'authentication'], 'token'],
      [[...endpoint, 'tokenFile'], 'var/secrets/token'],
      [[...endpoint, 'certificateFile'], 'var/secrets/client.pem'],
      [[...endpoint, 'keyFile'], 'var/secrets/client-key.pem'],
      [[...endpoint, 'caFile'], 'var/secrets/ca.pem'],
    ]);
  }

  /** The authority that may vouch for the loader, as the adaptor believes. */
  trust({ certificatePem }: Authority): Promise<void> {
    return putSecret(this.adaptorHost, 'ca.pem', certificatePem);
  }

  /** The token that the adaptor sends. */
  giveToken(token: string): Promise<void> {
    return putSecret(this.adaptorHost, 'token', token);
  }

  get stores(): { readonly adaptor: Db; readonly loader: Db } {
    if (!this.#stores) throw new Error('not installed');
    return this.#stores;
  }

  /** Has the adaptor seal and send a response about so many devices of an order. @returns the name of the file */
  async respond(order: number, devices = 1): Promise<string> {
    const name = `response-${order}.pgp`;
    const response = {
      interfaceCategory: 'Device Enrolment',
      interfaceType: 'Device Enrolment Response',
      version: 1.0,
      extractLoadDateTime: '2026-05-06T07:08:09Z',
      deviceEnrolmentProviderId: 'apple',
      externalFileName: `${order}.json`,
      order: {
        id: order,
        devices: Array.from({ length: devices }, (_, n) => ({ deviceId: deviceOf(order, n) })),
      },
    } as const;
    const publication = {
      folder: `${outgoing}/in`,
      name,
      purpose: 'generic-response',
      content: writeDocument(deviceEnrolmentResponse, response),
      batchId: null,
      providerRequestId: null,
    } as const;
    await queuePublication(this.stores.adaptor, publication, new Date());
    return name;
  }

  /** The ledger of a host about received files of that name, without what differs from run to run. */
  async ledger(host: 'adaptor' | 'loader', name: string) {
    return this.stores[host]
      .selectFrom('delivery')
      .select(['state', 'attempts', 'crashes', 'fault_code'])
      .where('direction', '=', 'in')
      .where('folder', '=', host === 'adaptor' ? outgoing : incoming)
      .where('name', '=', name)
      .execute();
  }

  /** Waits until a host has brought the file of that name to its last folder. */
  async settled(host: 'adaptor' | 'loader', name: string, state: 'done' | 'rejected'): Promise<void> {
    await waitFor(`${name} in ${state} on the host of the ${host}`, async () => {
      const row = await this.stores[host]
        .selectFrom('delivery')
        .select('id')
        .where('direction', '=', 'in')
        .where('name', '=', name)
        .where('state', '=', state)
        .where('moved_at', 'is not', null)
        .executeTakeFirst();
      return row !== undefined;
    });
  }

  /** How often a record with this device was loaded. */
  async loadedTimes(device: string): Promise<number> {
    const found = await this.stores.loader
      .selectFrom('batch_item')
      .select('sequence')
      .where('payload_json', 'like', `%"${device}"%`)
      .execute();
    return found.length;
  }

  async close(): Promise<void> {
    await this.adaptorHost.close();
    await this.loaderHost.close();
  }
}

/** A device of an order that was answered. */
export const deviceOf = (order: number, index = 0): string => `ZZ${order}X${index}`;

/** `one` learns the key of `other` as that of a partner. */
async function introduce(one: TestInstallation, other: TestInstallation, party: string): Promise<void> {
  await importPartnerKey({
    folder: one.keys,
    party,
    armoredOrBinary: await exportPublicKey(other.keys, 'own'),
  });
}

async function putSecret({ home }: TestInstallation, name: string, content: string): Promise<void> {
  const folder = join(home, 'var', 'secrets');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, name), content, { mode: 0o600 });
}

/** The bytes of the file of that name in done/, wherever it lies there. */
export async function doneBytes(host: TestInstallation, inbox: string, name: string): Promise<Buffer> {
  const found = (await host.files(inbox, 'done')).filter((path) => path.endsWith(`/${name}`));
  if (found.length !== 1) throw new Error(`${name} lies ${found.length} times in done/`);
  return readFile(host.spool(inbox, 'done', found[0] ?? ''));
}
