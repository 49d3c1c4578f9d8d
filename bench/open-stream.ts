import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { table } from '../bin/output.ts';
import { sealMessage } from '../shared/pgp/seal.ts';
import { pgpConfig } from '../shared/pgp/settings.ts';
import { armourOf, encryptBytes, makeKey, ringOf } from '../test/support/pgp.ts';
import { openInProcess } from '../test/support/pgp-process.ts';

/**
 * What a large message costs: the same content, sealed in several ways, opened in memory and as a stream, each in a
 * process of its own. A stream is read twice, once to verify it and once for its content.
 *
 *   node bench/open-stream.ts [--megabytes 100]
 */

const { values } = parseArgs({ options: { megabytes: { type: 'string', default: '100' } } });
const megabytes = Number(values.megabytes);

const folder = await mkdtemp(join(tmpdir(), 'enrol-bench-'));
try {
  const content = devices();
  const files = await seal(content);
  const rows: string[][] = [];
  for (const [name, file] of files)
    for (const inMemory of [false, true]) rows.push(await row(name, file, inMemory));
  console.log(`${megabytes} MB of devices in JSON; Node ${process.version}`);
  const head = ['sealed by', 'opened', 'resident, MB', 'verified, MB/s', 'read, MB/s'];
  console.log(table(head, rows).join('\n'));
} finally {
  await rm(folder, { recursive: true });
}

async function row(name: string, file: string, inMemory: boolean): Promise<string[]> {
  const measured = await openInProcess({ file, keys: folder, maxPlaintextBytes: 1e9, inMemory });
  if (typeof measured.outcome === 'string') throw new Error(`${name}: ${measured.outcome}`);
  const speeds = measured.seconds.map((seconds) => (megabytes / seconds).toFixed(0));
  return [name, inMemory ? 'in memory' : 'as a stream', measured.megabytes.toFixed(0), ...speeds];
}

/** As in a generic file; not so even that it would pack better than real ones. */
function devices(): Buffer {
  const content = Buffer.alloc(megabytes * 1e6);
  for (let length = 0, count = 0; length < content.length; count++) {
    const serialNumber = Math.random().toString(36).slice(2, 14).toUpperCase();
    const imei = String(350_000_000_000_000 + count * 7919);
    length += content.write(
      `{"deviceId":"${serialNumber}","serialNumber":"${serialNumber}","imei":"${imei}"},\n`,
      length,
    );
  }
  return content;
}

/** Seals the content in several ways. @returns name of the way, and file */
async function seal(content: Buffer): Promise<[name: string, file: string][]> {
  const [us, usAead, usRsa, partner] = await Promise.all([
    makeKey({ userIDs: { email: 'us@shop.example' } }),
    makeKey({ config: { ...pgpConfig, aeadProtect: true } }),
    makeKey({ type: 'rsa', rsaBits: 3072 }),
    makeKey({ userIDs: { email: 'partner@shop.example' } }),
  ]);
  await mkdir(join(folder, 'own'));
  await mkdir(join(folder, 'partners', 'partner'), { recursive: true });
  for (const [index, key] of [us, usAead, usRsa].entries()) {
    await writeFile(join(folder, 'own', `${index}.asc`), key.armor(pgpConfig), { mode: 0o600 });
  }
  await writeFile(join(folder, 'partners', 'partner', 'partner.asc'), partner.toPublic().armor(pgpConfig));
  const files: [string, string][] = [];
  const add = async (name: string, bytes: Uint8Array | string): Promise<void> => {
    const file = join(folder, `${files.length}.pgp`);
    await writeFile(file, bytes);
    files.push([name, file]);
  };
  const ours = await sealMessage(content, ringOf([partner], { us: [us] }), { encryptTo: ['us'] });
  await add('us', ours);
  await add('us, armoured', armourOf(ours));
  await add('us, to RSA', await encryptBytes(content, { encryptionKeys: usRsa, signingKeys: partner }));
  await add('us, with AEAD', await encryptBytes(content, { encryptionKeys: usAead, signingKeys: partner }));
  for (const compression of ['none', 'zlib', 'bzip2']) {
    const bytes = byGnuPG(content, [us.toPublic().armor(pgpConfig), partner.armor(pgpConfig)], compression);
    if (bytes !== undefined) await add(`gpg, ${compression}`, bytes);
  }
  return files;
}

/** Undefined on a machine without GnuPG. */
function byGnuPG(content: Buffer, keys: readonly string[], compression: string): Buffer | undefined {
  if (spawnSync('gpg', ['--version']).error !== undefined) return undefined;
  const home = ['--homedir', folder];
  const gpg = (input: Buffer | string, ...words: string[]): Buffer =>
    execFileSync('gpg', [...home, '--batch', '--yes', '--quiet', '--trust-model', 'always', ...words], {
      input,
      maxBuffer: 1e9,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  try {
    for (const key of keys) gpg(key, '--import');
    const to = ['--recipient', 'us@shop.example', '--local-user', 'partner@shop.example'];
    return gpg(content, '--sign', '--encrypt', ...to, '--compress-algo', compression, '--output', '-');
  } finally {
    spawnSync('gpgconf', [...home, '--kill', 'all']);
  }
}
