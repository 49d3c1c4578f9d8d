import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

import { listening, portOf } from './https-server.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Head and body, as they came. */
  readonly source: string;
  readonly secure: boolean;
  readonly user: string | undefined;
}

/** A real mail server on this machine. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  readonly #server: SMTPServer;

  private constructor(options: SMTPServerOptions) {
    this.#server = new SMTPServer({
      authOptional: true,
      disableReverseLookup: true,
      closeTimeout: 100,
      ...options,
      onData: (stream, session, done) => {
        const pieces: Buffer[] = [];
        stream.on('data', (piece: Buffer) => pieces.push(piece));
        stream.on('end', () => {
          const { mailFrom, rcptTo } = session.envelope;
          this.mails.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            source: Buffer.concat(pieces).toString('utf8'),
            secure: session.secure,
            user: session.user as string | undefined,
          });
          done();
        });
      },
    });
    // A client that breaks off.
    this.#server.on('error', () => undefined);
  }

  static async start(options: SMTPServerOptions = {}): Promise<MailServer> {
    const server = new MailServer(options);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return portOf(this.#server.server);
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A server that says what the test says, line by line; it stalls where the test says nothing. */
export class ScriptedServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly received: string[] = [];

  private constructor(greeting: string | undefined, answer: (line: string) => string | undefined) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
      if (greeting !== undefined) socket.write(`${greeting}\r\n`);
      socket.setEncoding('utf8').on('data', (text: string) => {
        for (const line of text.split('\r\n').filter((each) => each !== '')) {
          this.received.push(line);
          const said = answer(line);
          if (said !== undefined) socket.write(`${said}\r\n`);
        }
      });
    });
  }

  static async start(
    greeting: string | undefined,
    answer: (line: string) => string | undefined = () => undefined,
  ): Promise<ScriptedServer> {
    const server = new ScriptedServer(greeting, answer);
    await listening(server.#server);
    return server;
  }

  get port(): number {
    return portOf(this.#server);
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
