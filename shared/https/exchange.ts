import type { Dispatcher } from 'undici';

import type { Clock } from '../runtime/clock.ts';
import type { FaultCode } from '../runtime/fault-codes.ts';
import { bug, errnoOf, Fault } from '../runtime/faults.ts';
import { retryAfterSeconds } from './backoff.ts';
import { connectionFault, type Progress } from './connection-faults.ts';

/** Whatever a server answered, a refusal or redirect too. */
export interface Reply {
  readonly status: number;
  readonly location?: string;
  /** At most a day. */
  readonly retryAfterSeconds?: number;
  /** In lower case, without parameters. */
  readonly mediaType?: string;
  readonly body: Uint8Array;
  /** From the call to the end of the answer. */
  readonly milliseconds: number;
}

export interface Outgoing {
  /** For texts: whose server. */
  readonly name: string;
  readonly origin: string;
  /** With its query. */
  readonly path: string;
  readonly method: Dispatcher.HttpMethod;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly content: string | Uint8Array;
}

export interface AnswerLimits {
  /** For the whole answer, from the moment when the request begins to be sent. */
  readonly answerSeconds: number;
  readonly maxAnswerBytes: number;
}

/**
 * Sends a request once and reads the answer to its end.
 *
 * @throws Fault PROVIDER_UNREACHABLE, PROVIDER_UNTRUSTED, PROVIDER_DENIES: the server did not get the request;
 *   ANSWER_LOST, ANSWER_TOO_LARGE: it may have done it. None has a cause: errors of undici may quote what was sent.
 */
export function exchange(
  connections: Dispatcher,
  outgoing: Outgoing,
  limits: AnswerLimits,
  clock: Clock,
  signal?: AbortSignal,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const answer = new Answer(outgoing, limits, clock, { resolve, reject });
    if (signal?.aborted === true) {
      answer.stop();
      return;
    }
    const stop = () => answer.stop();
    signal?.addEventListener('abort', stop, { once: true });
    answer.whenOver(() => signal?.removeEventListener('abort', stop));
    const { origin, path, method, headers, content } = outgoing;
    connections.dispatch(
      { origin, path, method, headers, body: content.length === 0 ? null : content, idempotent: false },
      answer,
    );
  });
}

interface Outcome {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (fault: Fault) => void;
}

/** One answer as it comes in. */
class Answer implements Dispatcher.DispatchHandler {
  readonly #outgoing: Outgoing;
  readonly #limits: AnswerLimits;
  readonly #clock: Clock;
  readonly #outcome: Outcome;
  readonly #calledAt: number;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;
  #progress: Progress = 'unsent';
  #controller: Dispatcher.DispatchController | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #head: Omit<Reply, 'body' | 'milliseconds'> | undefined;
  #over: (() => void) | undefined;
  #isOver = false;

  constructor(outgoing: Outgoing, limits: AnswerLimits, clock: Clock, outcome: Outcome) {
    this.#outgoing = outgoing;
    this.#limits = limits;
    this.#clock = clock;
    this.#outcome = outcome;
    this.#calledAt = clock.monotonic();
  }

  whenOver(over: () => void): void {
    this.#over = over;
  }

  /** We are to end. */
  stop(): void {
    this.#fail(
      this.#progress === 'unsent'
        ? this.#fault('PROVIDER_UNREACHABLE', 'was not called, since we were stopped')
        : this.#fault('ANSWER_LOST', 'had not answered when we were stopped'),
    );
  }

  /** undici calls this right before it writes the first byte, and not when it finds the connection closed. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#isOver) {
      controller.abort(new Error('stopped'));
      return;
    }
    this.#progress = 'sent';
    const { answerSeconds } = this.#limits;
    this.#deadline = setTimeout(() => {
      this.#fail(this.#fault('ANSWER_LOST', `did not answer to the end within ${answerSeconds} s`));
    }, answerSeconds * 1000);
  }

  /** Also called for provisional answers (103): the head that counts is the last. */
  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#progress = 'answered';
    const location = first(headers.location);
    const wait = retryAfterSeconds(first(headers['retry-after']) ?? '', this.#clock.now());
    const mediaType = first(headers['content-type'])?.split(';', 1)[0]?.trim().toLowerCase();
    this.#head = {
      status,
      ...(location !== undefined && { location }),
      ...(wait !== undefined && { retryAfterSeconds: wait }),
      ...(mediaType !== undefined && mediaType !== '' && { mediaType }),
    };
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#limits.maxAnswerBytes) {
      const detail = `answers with more than ${this.#limits.maxAnswerBytes} bytes`;
      this.#fail(this.#fault('ANSWER_TOO_LARGE', detail));
    } else {
      this.#pieces.push(piece);
    }
  }

  onResponseEnd(): void {
    if (this.#head === undefined) throw bug('an answer ended that had not begun');
    const milliseconds = Math.round(this.#clock.monotonic() - this.#calledAt);
    this.#end();
    this.#outcome.resolve({ ...this.#head, body: Buffer.concat(this.#pieces), milliseconds });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const code = errnoOf(error) ?? 'no code';
    this.#fail(this.#failure(code));
  }

  #failure(code: string): Fault {
    if (code === 'UND_ERR_INVALID_ARG') return bug(`${this.#where()}: no request can be like that`);
    const fault = connectionFault(code, this.#progress);
    return this.#fault(fault, `${whatHappened(fault, this.#progress)} (${code})`);
  }

  /** Once at most; what comes later is an echo of the first. */
  #fail(fault: Fault): void {
    if (this.#isOver) return;
    this.#end();
    this.#outcome.reject(fault);
    this.#controller?.abort(new Error('given up'));
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#deadline);
    this.#over?.();
  }

  #fault(code: FaultCode, detail: string): Fault {
    return new Fault(code, `${this.#where()} ${detail}`);
  }

  #where(): string {
    return `${this.#outgoing.name}: ${this.#outgoing.origin}`;
  }
}

function whatHappened(fault: FaultCode, progress: Progress): string {
  if (fault === 'PROVIDER_UNTRUSTED') return 'has a certificate that is not accepted';
  if (fault === 'PROVIDER_DENIES') return 'does not accept our certificate, or wants one';
  if (fault === 'PROVIDER_UNREACHABLE') return 'was not reached';
  if (progress === 'answered') return 'broke off in the middle of its answer';
  return 'gave no answer; a server that does not accept our certificate may do so too';
}

const first = (value: string | string[] | undefined): string | undefined =>
  Array.isArray(value) ? value[0] : value;
