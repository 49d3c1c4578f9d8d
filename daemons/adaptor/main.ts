import { inboxTask, openInbox } from '../../shared/daemon/inboxes.ts';
import { KeysInUse } from '../../shared/daemon/keys-in-use.ts';
import type { Runtime, Work } from '../../shared/daemon/process.ts';
import type { PgpThreads } from '../../shared/pgp/threads.ts';
import type { InboxConfig } from '../../shared/runtime/config-schema.ts';
import {
  outboxFolder,
  postsResponses,
  providerOutbound,
  spoolFolder,
  spoolProviders,
} from '../../shared/runtime/paths.ts';
import { checkFolder } from '../../shared/spool/layout.ts';
import { Publisher } from '../../shared/spool/publisher.ts';
import type { Task } from '../../shared/runtime/task-loop.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import { askProviders } from './ask-providers.ts';
import { providerOf, providersBy } from './provider.ts';
import { receiveAnswer } from './receive-answer.ts';
import { recordFilesSent } from './record-sent.ts';
import { releaseRequests } from './release-requests.ts';
import { grantSettlements } from './settle-by-hand.ts';
import { transformRequest } from './transform-request.ts';

/** Transformation · Device Enrolment · Device Enrolment Adaptor: generic requests to providers, answers back. */
export async function adaptor(runtime: Runtime): Promise<Work> {
  const { loaded } = runtime;
  const { inboxes, outboxes, spool } = loaded.config;
  const ids = Object.keys(loaded.config.providers);
  const policies: InboxConfig[] = [
    inboxes.outboundDeviceEnrolment,
    ...ids.map((id) => providerOf(loaded.config, id).settings.inbox),
  ];
  const keys = await KeysInUse.open(runtime, [
    'own',
    ...outboxes.deviceEnrolmentResponse.encryptTo,
    ...policies.flatMap((policy) => (policy.encryption === 'required' ? policy.signedBy : [])),
  ]);
  await checkFolder(outboxFolder(loaded, 'deviceEnrolmentResponse'));
  for (const id of spoolProviders(loaded.config)) await checkFolder(providerOutbound(loaded, id));

  const requests = await openInbox(runtime, 'outboundDeviceEnrolment', inboxes.outboundDeviceEnrolment);
  const answers = await Promise.all(
    ids.map((id) =>
      openInbox(runtime, `provider/${id}/inbound`, providerOf(loaded.config, id).settings.inbox),
    ),
  );
  const outgoing = postsResponses(loaded.config) ? [await posting(runtime)] : [];
  return {
    tasks: [
      keys.task,
      inboxTask(requests, (file) => transformRequest(runtime, keys, file)),
      ...answers.map((inbox, index) =>
        inboxTask(inbox, (file) => receiveAnswer(runtime, keys, ids[index] ?? '', file)),
      ),
      { name: 'settle requests by hand', step: () => grantSettlements(runtime) },
      { name: 'release requests', step: () => releaseRequests(runtime) },
      { name: 'ask providers', step: () => askProviders(runtime) },
      ...(await couriers(runtime)),
    ],
    beside: [publisher(runtime, keys.pgp), ...outgoing.map(({ task }) => task)],
    watch: [
      ...[requests, ...answers].map((inbox) => inbox.folders.in),
      ...outgoing.map(({ folder }) => folder),
    ],
    intervalSeconds: spool.scanSeconds,
    finish: () => keys.pgp.close(),
  };
}

/*
 * What calls servers is loaded only where there is one to be called: every other adaptor starts sooner, and stays smaller.
 */

async function couriers(runtime: Runtime): Promise<Task[]> {
  const providers = providersBy(runtime.loaded.config, 'https');
  if (providers.length === 0) return [];
  const { Courier } = await import('./courier.ts');
  return providers.map((provider) => new Courier(runtime, provider));
}

const posting = async (runtime: Runtime) => (await import('./send-response.ts')).sendResponses(runtime);

function publisher(runtime: Runtime, pgp: PgpThreads): Publisher {
  const { loaded, db, worker, lease, clock, emit } = runtime;
  const seal = (row: Delivery): Promise<Uint8Array> => {
    const content = Buffer.from(row.content ?? '');
    // A provider's own files are plain: its format, its transport.
    if (row.purpose !== 'generic-response') return Promise.resolve(content);
    return pgp.seal(content, loaded.config.outboxes.deviceEnrolmentResponse, clock.now());
  };
  return new Publisher('publish requests and responses', {
    spool: spoolFolder(loaded),
    db,
    worker,
    lease,
    clock,
    emit,
    purposes: ['provider-request', 'provider-query', 'generic-response'],
    seal,
    onPublished: (trx, rows) => recordFilesSent(runtime, trx, rows),
  });
}
