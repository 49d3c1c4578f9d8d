import { contentDigest } from '../../shared/https/content-digest.ts';
import { HttpsClient, type Reply } from '../../shared/https/client.ts';
import { inboxTask, openInbox, outgoingSettings } from '../../shared/daemon/inboxes.ts';
import type { Runtime } from '../../shared/daemon/process.ts';
import { faultFields } from '../../shared/runtime/events.ts';
import type { FaultCode } from '../../shared/runtime/fault-codes.ts';
import { Fault, toFault } from '../../shared/runtime/faults.ts';
import { httpsClient, type HttpsEndpointConfig } from '../../shared/runtime/https-schema.ts';
import { outgoingInbox } from '../../shared/runtime/paths.ts';
import type { Task } from '../../shared/runtime/task-loop.ts';
import type { Decision } from '../../shared/spool/file-work.ts';
import { wholeOf, type ReceivedFile } from '../../shared/spool/received-file.ts';

/** Answers of an endpoint are a line of text at most. */
const maxAnswerMegabytes = 0.1;

/**
 * Posts sealed generic responses to another host. They wait in an inbox of our own, so that the very same bytes are
 * sent until the endpoint says that it has them; it recognises what has come before.
 *
 * @throws Fault SPOOL_MISSING, SPOOL_DEVICES
 */
export async function sendResponses(runtime: Runtime): Promise<{ task: Task; folder: string }> {
  const { loaded, clock, emit } = runtime;
  const { endpoint } = loaded.config.outboxes.deviceEnrolmentResponse;
  const inbox = await openInbox(runtime, outgoingInbox, outgoingSettings);
  const client = new HttpsClient({
    settings: { ...httpsClient().parse({}), ...endpoint, maxAnswerMegabytes, concurrent: 1 },
    home: loaded.home,
    name: 'endpoint',
    clock,
    onRefusedCredentials: (fault) => emit('endpoint.credentials-refused', faultFields(fault)),
  });
  // One by one: when the other host is down, it is asked once and not many times.
  const task = inboxTask(inbox, (file) => sendResponse(client, endpoint, file), 1);
  return { task: { ...task, finish: () => client.close() }, folder: inbox.folders.in };
}

/** @throws Fault ENDPOINT_… */
async function sendResponse(
  client: HttpsClient,
  { url }: HttpsEndpointConfig,
  file: ReceivedFile,
): Promise<Decision> {
  const content = await wholeOf(file);
  const message = {
    method: 'POST',
    path: `/${file.name}`,
    mediaType: 'application/octet-stream',
    content,
    headers: { 'content-digest': contentDigest(file.digest) },
  } as const;
  const reply = await client.call(message).catch((thrown: unknown) => {
    throw endpointFault(toFault(thrown));
  });
  const code = faultOf(reply.status);
  if (code !== undefined) throw new Fault(code, `${url} answered ${reply.status}`);
  return () => Promise.resolve({ batchId: null, summary: summaryOf(url, reply) });
}

const summaryOf = (url: string, { status }: Reply): string =>
  status === 201 ? `posted to ${url}` : `posted to ${url}, which had it already`;

/** Whatever keeps one file from being sent keeps back every other: none of them is to blame. */
function endpointFault(fault: Fault): Fault {
  const code = codes[fault.code];
  return code === undefined ? fault : new Fault(code, fault.detail);
}

const codes: Partial<Record<FaultCode, FaultCode>> = {
  PROVIDER_UNREACHABLE: 'ENDPOINT_UNAVAILABLE',
  PROVIDER_BUSY: 'ENDPOINT_UNAVAILABLE',
  ANSWER_LOST: 'ENDPOINT_UNAVAILABLE',
  ANSWER_TOO_LARGE: 'ENDPOINT_UNAVAILABLE',
  PROVIDER_UNTRUSTED: 'ENDPOINT_DENIES',
  PROVIDER_DENIES: 'ENDPOINT_DENIES',
};

/**
 * What an answer means for the file; undefined: it has come. Only what is said of this file may reject it: an address
 * that is wrong answers every file with 404.
 */
export function faultOf(status: number): FaultCode | undefined {
  switch (status) {
    case 200:
    case 201:
      return undefined;
    case 400: // Name, digest or form.
    case 409: // The name is taken.
    case 413:
    case 422:
      return 'ENDPOINT_REFUSED';
    case 401:
    case 403:
      return 'ENDPOINT_DENIES';
    case 500:
      return 'ENDPOINT_FAILS';
    default:
      return 'ENDPOINT_UNAVAILABLE';
  }
}
