import { z } from 'zod';

import { seconds } from './inbox-schema.ts';

/** Files of secrets are relative to the home; a credential of the service manager comes before each. */
const file = (what: string) => z.string().max(4096).default('').describe(`${what}; empty: none`);

/** Where the server is, and how both sides prove who they are. */
const connectionFields = () => ({
  url: z
    .string()
    .max(2048)
    .default('')
    .describe('address of the server, with what comes before the paths of its API; https:// only'),
  authentication: z
    .enum(['certificate', 'token', 'oauth2', 'google-service-account'])
    .default('certificate')
    .describe(
      'how we prove who we are; a certificate is shown with each of them when certificateFile is set',
    ),
  certificateFile: file('our client certificate with its chain, PEM'),
  keyFile: file('its private key, PEM'),
  caFile: file('authorities that may vouch for the server, PEM, in place of those of the system'),
  tokenHeader: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/, 'the name of a header')
    .default('Authorization')
    .describe('token: the header that carries the content of tokenFile as it stands'),
  tokenFile: file('token: the token'),
  tokenUrl: z.string().max(2048).default('').describe('oauth2: where access tokens are given out'),
  clientId: z.string().max(256).default('').describe('oauth2: our client id'),
  clientSecretFile: file('oauth2: our client secret'),
  scope: z.string().max(1024).default('').describe('oauth2, google-service-account: what we ask for'),
  serviceAccountFile: file('google-service-account: the key file in JSON that Google gives out'),
  connectSeconds: seconds.min(0.1).default(10).describe('to reach the server'),
  answerSeconds: seconds.min(0.1).default(60).describe('for the whole answer'),
});

/** How we call somebody else's HTTPS server. */
export const httpsClient = () =>
  z
    .strictObject({
      ...connectionFields(),
      maxAnswerMegabytes: z
        .number()
        .positive()
        .max(1_000)
        .default(64)
        .describe('larger answers are not read to their end'),
      perMinute: z.number().positive().max(100_000).default(600).describe('calls in a minute at most'),
      concurrent: z.number().int().min(1).max(64).default(2).describe('calls at the same time at most'),
      attempts: z
        .number()
        .int()
        .min(1)
        .max(100)
        .default(10)
        .describe(
          'how often a request is sent, when it is known that it was not done; then its devices fail',
        ),
      retrySeconds: seconds
        .min(0.1)
        .default(30)
        .describe('before the first repetition; doubling, at most an hour'),
      restAfter: z
        .number()
        .int()
        .min(1)
        .max(1000)
        .default(5)
        .describe('failures in a row after which the provider is left alone for restSeconds'),
      restSeconds: seconds.min(0.1).default(60).describe('then one call is tried; doubling, at most an hour'),
    })
    .prefault({});

/** A server to which files are posted one after the other, for as long as it takes. */
export const httpsEndpoint = () => z.strictObject(connectionFields()).prefault({});

export type HttpsClientConfig = z.infer<ReturnType<typeof httpsClient>>;
export type HttpsEndpointConfig = z.infer<ReturnType<typeof httpsEndpoint>>;
