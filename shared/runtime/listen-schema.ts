import { z } from 'zod';

/** Files of secrets are relative to the home; a credential of the service manager comes before each. */
const file = (what: string) => z.string().max(4096).default('').describe(`${what}; empty: none`);

/** How we serve files that others post. */
export const listen = () =>
  z
    .strictObject({
      address: z
        .string()
        .max(260)
        .default('')
        .describe('HOST:PORT to listen on; port 0: any that is free; empty: the loader does not listen'),
      certificateFile: file('certificate of this server with its chain, PEM'),
      keyFile: file('its private key, PEM'),
      clientCaFile: file('authorities whose clients are let in, PEM: each must show its certificate'),
      tokenFile: file(
        'what the header Authorization must be, like Bearer and a token; the sender has the same file',
      ),
    })
    .prefault({});

export type ListenConfig = z.infer<ReturnType<typeof listen>>;
