import { z } from 'zod';

const minutes = z.number().int().min(1).max(1440);

/** How the console is reached, and how long a session lasts. */
export const consoleSettings = () =>
  z
    .strictObject({
      address: z
        .string()
        .max(260)
        .default('127.0.0.1:8480')
        .describe('HOST:PORT to listen on, or unix:PATH for a socket that a web server in front of it uses'),
      certificateFile: z
        .string()
        .max(4096)
        .default('')
        .describe(
          'certificate of the console with its chain, PEM; empty: no TLS, on a socket or a loopback address only',
        ),
      keyFile: z.string().max(4096).default('').describe('its private key, PEM; empty: none'),
      metricsTokenFile: z
        .string()
        .max(4096)
        .default('')
        .describe(
          'the token with which /metrics may be read, as Authorization: Bearer; empty: there is no /metrics',
        ),
      idleMinutes: minutes.default(30).describe('a session ends after this time without a request'),
      sessionMinutes: minutes.default(600).describe('a session ends after this time in any case'),
    })
    .prefault({});

export type ConsoleConfig = z.infer<ReturnType<typeof consoleSettings>>;
