import { join } from 'node:path';

import type { PrivateKey } from 'openpgp';

import { Installation } from '../../demo/installation.ts';
import { initialise } from '../../shared/operator/install.ts';
import { importPartnerKey } from '../../shared/pgp/import-keys.ts';
import { ownFolder } from '../../shared/pgp/key-files.ts';
import { encryptKey } from '../../shared/pgp/library.ts';
import { pgpConfig } from '../../shared/pgp/settings.ts';
import { writeNewFile } from '../../shared/runtime/secrets.ts';
import { makeKey } from '../../test/support/pgp.ts';
import type { Parties } from '../pgp/alone.ts';
import { removeFolder, temporaryFolder } from './leavings.ts';
import { BenchProcess } from './process.ts';

export type Settings = Parameters<Installation['configure']>[0];

/** An installation as `enrol init` and `enrol keys` make it, in a folder of its own, with a warehouse that we know. */
export class Home extends Installation {
  readonly ours: PrivateKey;
  readonly warehouse: PrivateKey;
  readonly #processes: BenchProcess[] = [];

  constructor(home: string, ours: PrivateKey, warehouse: PrivateKey) {
    super(home);
    this.ours = ours;
    this.warehouse = warehouse;
  }

  /** What the warehouse sends us. */
  get received(): Parties {
    return { signer: this.warehouse, recipient: this.ours };
  }

  /** What our daemons send each other. */
  get internal(): Parties {
    return { signer: this.ours, recipient: this.ours };
  }

  /** Path of the store. */
  get store(): string {
    return join(this.home, 'var', 'enrol.db');
  }

  /** Starts a daemon. @param host as on a host of that name @returns when it is ready */
  async daemon(name: string, host?: string): Promise<BenchProcess> {
    const words = [BenchProcess.enrol, name, '--home', this.home];
    return this.program(name, words, '"event":"daemon.ready"', host);
  }

  /** Starts a program. @param ready what it writes when it is */
  async program(name: string, words: readonly string[], ready: string, host?: string): Promise<BenchProcess> {
    const process = new BenchProcess(name, words, join(this.home, 'var', `${name}.out`), host);
    this.#processes.push(process);
    await process.said(ready);
    return process;
  }

  /** Stops everything and removes the folder. */
  async close(): Promise<void> {
    try {
      for (const process of this.#processes) await process.stop();
    } finally {
      await removeFolder(this.home);
    }
  }
}

/** The keys of both sides. RSA: the larger ones that older partners still have. */
export type KeyKind = 'Curve25519' | 'RSA 3072';

/** The private keys of both sides. */
export type Keys = Pick<Home, 'ours' | 'warehouse'>;

export async function makeKeys(kind: KeyKind = 'Curve25519'): Promise<Keys> {
  const options = kind === 'RSA 3072' ? ({ type: 'rsa', rsaBits: 3072 } as const) : {};
  return { ours: await makeKey(options), warehouse: await makeKey(options) };
}

/** Makes an installation, lets the work have it, and removes it. */
export async function withHome<T>(
  { keys, settings = [] }: { readonly keys?: KeyKind; readonly settings?: Settings },
  work: (home: Home) => Promise<T>,
): Promise<T> {
  const { ours, warehouse } = await makeKeys(keys);
  const home = new Home(await temporaryFolder(), ours, warehouse);
  try {
    await installAt(home, settings);
    return await work(home);
  } finally {
    await home.close();
  }
}

/** What `enrol init` and `enrol keys` make, in the folder of the home. */
export async function installAt(home: Home, settings: Settings): Promise<void> {
  await initialise(home.home, undefined);
  await home.configure([...throughput, ...settings]);
  await initialise(home.home, undefined); // The folders of the providers.
  await installKeys(home);
}

/** Files are dropped whole, by renaming; and nobody waits for the next look. Everything else is as it is delivered. */
const throughput: Settings = [
  [['inboxes', 'inboundSalesOrderDispatch', 'quietSeconds'], 0],
  [['inboxes', 'inboundDeviceEnrolment', 'quietSeconds'], 0],
  [['inboxes', 'outboundDeviceEnrolment', 'quietSeconds'], 0],
  [['extractor', 'pollSeconds'], 0.1],
  [['scheduler', 'pollSeconds'], 0.1],
];

async function installKeys({ home, ours, warehouse }: Home): Promise<void> {
  const folder = join(home, 'var', 'keys');
  const passphrase = 'only-for-the-bench';
  const locked = await encryptKey({ privateKey: ours, passphrase, config: pgpConfig });
  const file = join(ownFolder(folder), `${ours.getFingerprint()}.asc`);
  await writeNewFile(file, locked.armor(pgpConfig), 0o600);
  await writeNewFile(join(home, 'var', 'secrets', 'pgp-passphrase'), passphrase, 0o600);
  const armoredOrBinary = warehouse.toPublic().armor(pgpConfig);
  await importPartnerKey({ folder, party: 'warehouse', armoredOrBinary });
}
