import type { SecureContext } from 'node:tls';

import { Agent, buildConnector } from 'undici';

/** Below the few seconds after which common servers close a connection that is not used. */
const keepAliveMilliseconds = 1000;

export interface ConnectionSettings {
  readonly connectSeconds: number;
  readonly concurrent: number;
}

/**
 * Connections to servers that must prove who they are. Of undici's core alone: it sends no request twice, follows no
 * redirect, and knows no proxy of the environment; those are parts that would have to be added.
 */
export function connectionsWith(secureContext: SecureContext, settings: ConnectionSettings): Agent {
  const connect = buildConnector({
    secureContext,
    // Said here, so that NODE_TLS_REJECT_UNAUTHORIZED does not count.
    rejectUnauthorized: true,
    // Each connection looks at the server's certificate anew.
    maxCachedSessions: 0,
    allowH2: false,
    timeout: settings.connectSeconds * 1000,
  });
  return new Agent({
    connect: (options, callback) => {
      connect(options, (...[error, socket]) => {
        if (error !== null) {
          callback(error, null);
          return;
        }
        // An alert of the server is an error of the socket which does not end it, and then undici tells the end of the
        // connection, not its reason.
        socket.once('error', (reason: Error) => socket.destroy(reason));
        callback(null, socket);
      });
    },
    connections: settings.concurrent,
    // One request at a time: with more, those behind a lost one would be sent again.
    pipelining: 1,
    keepAliveTimeout: keepAliveMilliseconds,
    keepAliveMaxTimeout: keepAliveMilliseconds,
    // One deadline for the whole answer takes their place: these begin anew with each piece.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}
