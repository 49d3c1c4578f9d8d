import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { CastMember } from './cast.ts';
import { makeAuthority } from './certificates.ts';
import type { Installation } from './installation.ts';
import { writeSimulatorFiles } from './simulator-files.ts';

/** Everything is asked for soon. A new object each time: the file of settings would repeat one by an alias. */
const poll = () => ({ firstSeconds: 0.5, everySeconds: 1 });

/** Starts the simulator of a provider at the other end of the spool. @returns the provider's settings */
export async function startFileProvider(
  installation: Installation,
  member: CastMember,
  rules: object,
): Promise<object> {
  await installation.startFileSimulator(member.id, rules);
  return {
    ...member.settings,
    transport: 'spool',
    inbox: { encryption: 'none', quietSeconds: 0.3 },
    poll: poll(),
  };
}

/** Starts the simulator of a provider as an HTTPS server. @returns the provider's settings */
export async function startHttpsProvider(
  installation: Installation,
  member: CastMember,
  rules: object,
): Promise<{ readonly https: object } & Readonly<Record<string, unknown>>> {
  const folder = join(installation.home, 'var', `provider-${member.id}`);
  await mkdir(folder, { recursive: true });
  const files = await writeSimulatorFiles(folder, await makeAuthority());
  const url = await installation.startHttpsSimulator(member.id, files, rules);
  await files.serviceAccountFor(url);
  const https = { url, caFile: files.caller.caFile, ...member.https(files.caller, url) };
  return { ...member.settings, transport: 'https', https, poll: poll() };
}
