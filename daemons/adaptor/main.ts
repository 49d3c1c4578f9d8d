import { inboxTask, openInbox } from '../../shared/daemon/inboxes.ts';
import { openKeyRing } from '../../shared/daemon/keys.ts';
import type { Runtime, Work } from '../../shared/daemon/process.ts';
import type { KeyRing } from '../../shared/pgp/key-ring.ts';
import { sealMessage } from '../../shared/pgp/seal.ts';
import type { InboxConfig } from '../../shared/runtime/config-schema.ts';
import { outboxFolder, providerOutbound, spoolFolder } from '../../shared/runtime/paths.ts';
import { checkFolder } from '../../shared/spool/layout.ts';
import { Publisher } from '../../shared/spool/publisher.ts';
import type { Delivery } from '../../shared/store/deliveries.ts';
import { askForResults } from './ask-for-results.ts';
import { providerOf } from './provider.ts';
import { receiveAnswer } from './receive-answer.ts';
import { recordSent } from './record-sent.ts';
import { transformRequest } from './transform-request.ts';

/** Transformation · Device Enrolment · Device Enrolment Adaptor: generic requests to providers, answers back. */
export async function adaptor(runtime: Runtime): Promise<Work> {
  const { loaded } = runtime;
  const { inboxes, outboxes, providers, spool } = loaded.config;
  const ids = Object.keys(providers);
  const policies: InboxConfig[] = [
    inboxes.outboundDeviceEnrolment,
    ...ids.map((id) => providerOf(loaded.config, id).settings.inbox),
  ];
  const ring = await openKeyRing(loaded, [
    'own',
    ...outboxes.deviceEnrolmentResponse.encryptTo,
    ...policies.flatMap((policy) => (policy.encryption === 'required' ? policy.signedBy : [])),
  ]);
  await checkFolder(outboxFolder(loaded, 'deviceEnrolmentResponse'));
  for (const id of ids) await checkFolder(providerOutbound(loaded, id));

  const requests = await openInbox(runtime, 'outboundDeviceEnrolment', inboxes.outboundDeviceEnrolment);
  const answers = await Promise.all(
    ids.map((id) =>
      openInbox(runtime, `provider/${id}/inbound`, providerOf(loaded.config, id).settings.inbox),
    ),
  );
  return {
    tasks: [
      inboxTask(requests, (file) => transformRequest(runtime, ring, file)),
      ...answers.map((inbox, index) =>
        inboxTask(inbox, (file) => receiveAnswer(runtime, ring, ids[index] ?? '', file)),
      ),
      { name: 'ask for results', step: () => askForResults(runtime) },
      publisher(runtime, ring),
    ],
    watch: [requests, ...answers].map((inbox) => inbox.folders.in),
    intervalSeconds: spool.scanSeconds,
  };
}

function publisher(runtime: Runtime, ring: KeyRing): Publisher {
  const { loaded, db, worker, clock, emit } = runtime;
  const seal = (row: Delivery): Promise<Uint8Array> => {
    const content = Buffer.from(row.content ?? '');
    // A provider's own files are plain: its format, its transport.
    if (row.purpose !== 'generic-response') return Promise.resolve(content);
    return sealMessage(content, ring, loaded.config.outboxes.deviceEnrolmentResponse, clock.now());
  };
  return new Publisher('publish requests and responses', {
    spool: spoolFolder(loaded),
    db,
    worker,
    clock,
    emit,
    purposes: ['provider-request', 'provider-query', 'generic-response'],
    seal,
    onPublished: (trx, row) => recordSent(runtime, trx, row),
  });
}
