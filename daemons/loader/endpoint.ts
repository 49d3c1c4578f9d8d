import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

import type { Runtime } from '../../shared/daemon/process.ts';
import { isShort, roomOf } from '../../shared/daemon/room.ts';
import { bug, errnoOf, Fault, toFault } from '../../shared/runtime/faults.ts';
import { addressOf } from '../../shared/runtime/listen-rules.ts';
import type { ListenConfig } from '../../shared/runtime/listen-schema.ts';
import type { StepResult, Task } from '../../shared/runtime/task-loop.ts';
import { removeName } from '../../shared/spool/files.ts';
import type { Inbox } from '../../shared/spool/inbox.ts';
import { admit, writeUpload, type Admission, type Upload } from '../../shared/spool/receive.ts';
import { readCredentials, type EndpointCredentials } from './endpoint-credentials.ts';
import { readHead, Refusal, tooLarge, type Announced } from './upload-request.ts';

export interface EndpointLimits {
  /** For the handshake, and for the head of a request. */
  readonly headSeconds: number;
  /** Without a byte in either direction. */
  readonly idleSeconds: number;
  /** For a whole request: the largest file over a slow line. */
  readonly requestSeconds: number;
  /** What a refused sender goes on sending is read for so long, so that the answer reaches him. */
  readonly lingerSeconds: number;
  /** For the uploads under way when we are to end. */
  readonly closeSeconds: number;
  readonly uploads: number;
  readonly connections: number;
}

const standardLimits: EndpointLimits = {
  headSeconds: 10,
  idleSeconds: 30,
  requestSeconds: 900,
  lingerSeconds: 5,
  closeSeconds: 15,
  uploads: 16,
  connections: 64,
};

/** Seconds after which a sender may come again. */
const comeAgain = { busy: 5, failed: 10, full: 60 };

interface Answer {
  readonly status: number;
  /** One line, for people. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The sender has gone before the file was complete. */
class SenderGone extends Error {}

const nothing: StepResult = { worked: 0, refused: 0, waiting: 0 };

/**
 * Serves an inbox over HTTPS, beside its drop folder: POST /<inbox>/<file name>, answered with 201 when the file lies
 * in in/ for good, and with 200 when its bytes had come before. What becomes of it then is the inbox's business.
 */
export class Endpoint implements Task {
  readonly name: string;
  readonly #runtime: Runtime;
  readonly #inbox: Inbox;
  readonly #limits: EndpointLimits;
  readonly #server: Server;
  readonly #token: string | undefined;
  readonly #requests = new Set<Promise<void>>();
  #ring: () => void = () => undefined;
  #port = 0;
  #uploads = 0;
  /** Since the last round of the loop. */
  #received = 0;
  /** What the loop has to hear of: our surroundings fail, or we have a bug. */
  #fault: Fault | undefined;
  #closing = false;

  private constructor(
    runtime: Runtime,
    inbox: Inbox,
    limits: EndpointLimits,
    { token, ...tls }: EndpointCredentials,
  ) {
    this.name = `listen for ${inbox.name}`;
    this.#runtime = runtime;
    this.#inbox = inbox;
    this.#limits = limits;
    this.#token = token;
    this.#server = createServer({
      ...tls,
      minVersion: 'TLSv1.2',
      requestCert: tls.ca !== undefined,
      rejectUnauthorized: true,
      handshakeTimeout: limits.headSeconds * 1000,
      headersTimeout: limits.headSeconds * 1000,
      requestTimeout: limits.requestSeconds * 1000,
      connectionsCheckingInterval: 500,
    });
    this.#server.maxConnections = limits.connections;
    this.#server.setTimeout(limits.idleSeconds * 1000);
    const take = (request: IncomingMessage, response: ServerResponse) => this.#take(request, response);
    this.#server.on('request', take);
    // Who asks before he sends a large file is answered by the same rules.
    this.#server.on('checkContinue', take);
  }

  /**
   * Listens from now on.
   *
   * @throws Fault KEY_UNREADABLE, SECRET_EXPOSED, LISTEN_FAILED
   */
  static async open(
    runtime: Runtime,
    inbox: Inbox,
    settings: ListenConfig,
    limits: EndpointLimits = standardLimits,
  ): Promise<Endpoint> {
    const credentials = await readCredentials(runtime.loaded.home, settings);
    const endpoint = new Endpoint(runtime, inbox, limits, credentials);
    await endpoint.#listen(settings.address);
    return endpoint;
  }

  async #listen(text: string): Promise<void> {
    const address = addressOf(text);
    if (address === undefined) throw bug('the address was not checked');
    this.#server.listen(address);
    try {
      await once(this.#server, 'listening');
    } catch (error) {
      throw new Fault('LISTEN_FAILED', `${text}: ${errnoOf(error) ?? 'unknown error'}`, { cause: error });
    }
    this.#server.on('error', (error) => this.#tellLoop(toFault(error)));
    ({ port: this.#port } = this.#server.address() as AddressInfo);
    this.#runtime.emit('endpoint.listening', { address: text, port: this.#port });
  }

  get port(): number {
    return this.#port;
  }

  listen(ring: () => void): void {
    this.#ring = ring;
  }

  /** The work is done beside the loop, which hears of what it has to know. @throws Fault environment, bug */
  step(): Promise<StepResult> {
    const fault = this.#fault;
    this.#fault = undefined;
    if (fault) return Promise.reject(fault);
    const worked = this.#received;
    this.#received = 0;
    return Promise.resolve({ ...nothing, worked });
  }

  /** Ends when the requests under way are finished, or have taken too long. */
  async finish(): Promise<void> {
    this.#closing = true;
    const closed = once(this.#server, 'close');
    this.#server.close();
    const late = setTimeout(() => this.#server.closeAllConnections(), this.#limits.closeSeconds * 1000);
    await closed;
    clearTimeout(late);
    await Promise.all(this.#requests);
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const taking = this.#answer(request, response).finally(() => this.#requests.delete(taking));
    this.#requests.add(taking);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A connection that has ended does not know it any more.
    const from = request.socket.remoteAddress ?? 'unknown';
    let name: string | undefined;
    try {
      const { name: inbox, settings } = this.#inbox;
      const announced = readHead(request, { inbox, settings, token: this.#token });
      ({ name } = announced);
      await this.#checkRoom();
      const answer = await this.#receive(request, response, announced);
      this.#send(request, response, answer);
    } catch (thrown) {
      const refusal = this.#refusalOf(thrown);
      this.#runtime.emit('endpoint.refused', {
        from,
        ...(name !== undefined && { file: name }),
        ...(refusal && { status: refusal.status }),
        detail: reasonOf(thrown),
      });
      if (refusal) this.#send(request, response, refusal);
    }
  }

  /** @throws Refusal */
  async #checkRoom(): Promise<void> {
    if (this.#closing) throw later('We are about to end.', comeAgain.busy);
    const short = (await roomOf(this.#runtime.loaded)).some(isShort);
    if (short) throw later('There is no room at the moment.', comeAgain.full);
  }

  async #receive(request: IncomingMessage, response: ServerResponse, announced: Announced): Promise<Answer> {
    const started = this.#runtime.clock.monotonic();
    if (this.#uploads >= this.#limits.uploads) throw later('Too many files come at once.', comeAgain.busy);
    this.#uploads++;
    let upload: Upload | undefined;
    try {
      if (request.headers.expect !== undefined) response.writeContinue();
      upload = await writeUpload(this.#inbox, piecesOf(request));
      if (upload.size === 0) throw new Refusal(400, 'The file has no bytes.');
      if (announced.digest !== undefined && announced.digest !== upload.digest) {
        throw new Refusal(400, 'The bytes that came are not those of Content-Digest.');
      }
      const admission = await admit(this.#inbox, announced.name, upload);
      return this.#conclude(announced.name, upload, admission, started);
    } finally {
      this.#uploads--;
      if (upload) await removeName(upload.path).catch((error: unknown) => this.#tellLoop(toFault(error)));
    }
  }

  /** @throws Refusal */
  #conclude(file: string, { digest, size }: Upload, admission: Admission, started: number): Answer {
    if (admission === 'name taken') throw new Refusal(409, 'Another file of this name waits here.');
    const known = admission === 'known';
    const milliseconds = Math.round(this.#runtime.clock.monotonic() - started);
    const told = { folder: this.#inbox.name, file, digest, size, known, milliseconds };
    this.#runtime.emit('endpoint.received', told);
    this.#received++;
    this.#ring();
    return known ? { status: 200, message: 'It had come before.' } : { status: 201, message: 'It has come.' };
  }

  /** Undefined when there is nobody to answer. */
  #refusalOf(thrown: unknown): Refusal | undefined {
    if (thrown instanceof SenderGone) return undefined;
    if (thrown instanceof Refusal) return thrown;
    const fault = toFault(thrown);
    if (fault.code === 'TOO_LARGE') return tooLarge(this.#inbox.settings.maxFileMegabytes * 1024 * 1024);
    if (fault.class !== 'transient') this.#tellLoop(fault);
    // Senders are not told what failed with us, operators are.
    return fault.class === 'bug'
      ? new Refusal(500, 'We have failed.')
      : later('It cannot be taken at the moment.', comeAgain.failed);
  }

  #tellLoop(fault: Fault): void {
    this.#fault = fault;
    this.#ring();
  }

  #send(request: IncomingMessage, response: ServerResponse, { status, message, headers = {} }: Answer): void {
    const text = `${message}\n`;
    response.writeHead(status, {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      ...headers,
      ...(this.#closing && { connection: 'close' }),
    });
    response.write(text);
    if (request.complete) {
      response.end();
      return;
    }
    // To end the connection of one who is still sending would take our answer with it: he is read to his end, in vain.
    request.once('end', () => response.end()).resume();
    setTimeout(() => {
      if (!request.complete) request.socket.destroy();
    }, this.#limits.lingerSeconds * 1000).unref();
  }
}

const later = (text: string, seconds: number): Refusal =>
  new Refusal(503, text, { 'retry-after': String(seconds) });

/** For operators. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof SenderGone) return 'The sender broke off, or took too long.';
  return thrown instanceof Refusal ? thrown.message : toFault(thrown).message;
}

/** The body. What breaks it off is the sender's affair, and no fault of ours. */
async function* piecesOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    // A request that is given up half-way is still to be answered.
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw new SenderGone('', { cause: error });
  }
}
