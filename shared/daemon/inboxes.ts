import type { Config, InboxConfig } from '../runtime/config-schema.ts';
import { Fault } from '../runtime/faults.ts';
import {
  inboxFolder,
  inboxNames,
  outgoingInbox,
  postsResponses,
  spoolFolder,
  type InboxName,
} from '../runtime/paths.ts';
import type { Task } from '../runtime/task-loop.ts';
import type { Inbox } from '../spool/inbox.ts';
import type { FileHandler } from '../spool/file-work.ts';
import { InboxWorker } from '../spool/inbox-worker.ts';
import { checkInbox } from '../spool/layout.ts';
import type { Runtime } from './process.ts';

/** @throws Fault SPOOL_MISSING, SPOOL_DEVICES */
export async function openInbox(runtime: Runtime, name: InboxName, settings: InboxConfig): Promise<Inbox> {
  const { loaded, db, worker, lease, clock, emit } = runtime;
  const folders = await checkInbox(inboxFolder(loaded, name));
  const { retry } = loaded.config;
  return { name, folders, spool: spoolFolder(loaded), settings, retry, db, worker, lease, clock, emit };
}

/** The task that works off an inbox. @param together files that are handled at the same time at most */
export function inboxTask(inbox: Inbox, handle: FileHandler, together?: number): Task {
  const worker = new InboxWorker(inbox, handle, together);
  return { name: `inbox ${inbox.name}`, step: (stop) => worker.step(stop) };
}

/** Nobody but our publisher writes there, and what it publishes is complete and of its own making. */
export const outgoingSettings: InboxConfig = {
  quietSeconds: 0,
  ignore: ['.*'],
  marker: '',
  markerSeconds: 0,
  maxFileMegabytes: 256,
  duplicate: 'content',
  encryption: 'required',
  signature: 'required',
  signedBy: ['own'],
};

/** Settings of an inbox, of ours or of a provider. @throws Fault NOT_FOUND */
export function inboxOf(config: Config, name: string): InboxConfig {
  const provider = /^provider\/([^/]+)\/inbound$/.exec(name)?.[1];
  const outgoing = postsResponses(config) ? { [outgoingInbox]: outgoingSettings } : {};
  const own: Readonly<Record<string, InboxConfig>> = { ...config.inboxes, ...outgoing };
  const found = provider === undefined ? own[name] : config.providers[provider]?.inbox;
  if (!found)
    throw new Fault('NOT_FOUND', `there is no inbox ${name}; there are: ${inboxNames(config).join(', ')}`);
  return found;
}
