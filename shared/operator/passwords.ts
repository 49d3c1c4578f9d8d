import { hash, verify } from '@node-rs/argon2';
import { randomBytes } from 'node:crypto';

import { Fault } from '../runtime/faults.ts';

/** Passwords of people, as the store keeps them: Argon2id. */
export interface Passwords {
  hash(password: string): Promise<string>;
  verify(hashed: string, password: string): Promise<boolean>;
}

/** OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one thread. */
const parameters = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

const shortest = 12;
const longest = 128;

/** The same text, however a keyboard composes it. */
const normal = (password: string): string => password.normalize('NFKC');

export const argon2: Passwords = {
  hash: (password) => hash(normal(password), parameters),
  verify: (hashed, password) => verify(hashed, normal(password)),
};

/** Length is what counts (NIST SP 800-63B). @throws Fault BAD_INPUT */
export function checkPassword(password: string, name: string): void {
  const length = Array.from(password).length;
  if (length < shortest || length > longest) {
    throw new Fault('BAD_INPUT', `a password needs ${shortest} to ${longest} characters`);
  }
  if (/\p{Cc}/u.test(password)) throw new Fault('BAD_INPUT', 'a password must be one line of text');
  if (password.toLowerCase().includes(name)) {
    throw new Fault('BAD_INPUT', 'the password must not contain the name');
  }
}

/** A password of 96 random bits, in groups that can be read over the telephone. */
export const makePassword = (): string => (randomBytes(12).toString('hex').match(/.{6}/g) ?? []).join('-');
