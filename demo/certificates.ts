// @peculiar/x509 looks for this before it can be loaded.
import 'reflect-metadata';

import { KeyObject, webcrypto } from 'node:crypto';

import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  type Extension,
} from '@peculiar/x509';

const day = 86_400_000;
const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;

export interface Issued {
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

export interface Wanted {
  /** Common name: a host name for a server, any name for a client. */
  readonly name: string;
  readonly usage: 'server' | 'client';
  /** A month from now when it is left out; one in the past makes an expired certificate. */
  readonly notAfter?: Date;
}

/** Gives out certificates for servers and clients, as a provider's authority does. For tests and the demo only. */
export interface Authority {
  readonly certificatePem: string;
  /** A certificate of ECDSA P-256. A server's holds its name, and 127.0.0.1 when the name is localhost. */
  issue(wanted: Wanted): Promise<Issued>;
}

/** A new authority that nobody trusts yet. */
export async function makeAuthority(name = 'Demo Authority'): Promise<Authority> {
  const keys = await newKeys();
  const certificatePem = await certificate({
    subject: `CN=${name}`,
    issuer: `CN=${name}`,
    publicKey: keys.publicKey,
    signingKey: keys.privateKey,
    notAfter: new Date(Date.now() + 365 * day),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    certificatePem,
    issue: async (wanted) => {
      const own = await newKeys();
      return {
        certificatePem: await certificate({
          subject: `CN=${wanted.name}`,
          issuer: `CN=${name}`,
          publicKey: own.publicKey,
          signingKey: keys.privateKey,
          notAfter: wanted.notAfter ?? new Date(Date.now() + 30 * day),
          extensions: extensionsOf(wanted),
        }),
        keyPem: KeyObject.from(own.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    },
  };
}

function extensionsOf({ name, usage }: Wanted): Extension[] {
  const common = [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
  ];
  if (usage === 'client') return [...common, new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])];
  const addresses = name === 'localhost' ? [{ type: 'ip' as const, value: '127.0.0.1' }] : [];
  return [
    ...common,
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension([{ type: 'dns', value: name }, ...addresses]),
  ];
}

type KeyPair = webcrypto.CryptoKeyPair;

const newKeys = (): Promise<KeyPair> => webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);

interface Contents {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyPair['publicKey'];
  readonly signingKey: KeyPair['privateKey'];
  readonly notAfter: Date;
  readonly extensions: Extension[];
}

async function certificate(contents: Contents): Promise<string> {
  // Before its end, also when that lies in the past.
  const notBefore = new Date(Math.min(Date.now(), contents.notAfter.getTime()) - day);
  const made = await X509CertificateGenerator.create({ ...contents, notBefore, signingAlgorithm }, webcrypto);
  return `${made.toString('pem')}\n`;
}
