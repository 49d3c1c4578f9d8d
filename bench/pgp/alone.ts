import type { PrivateKey } from 'openpgp';

import { createMessage, decrypt, encrypt, readMessage } from '../../shared/pgp/library.ts';

/**
 * OpenPGP alone: the library with its own settings, its keys ready, and nothing of ours around it. Our settings ask for
 * more; what that costs is part of what is measured.
 */

/** Who signs, and who can open. */
export interface Parties {
  readonly signer: PrivateKey;
  readonly recipient: PrivateKey;
}

/** @throws whatever the library throws when the signature is not the signer's */
export async function openAlone(message: Uint8Array, { signer, recipient }: Parties): Promise<Uint8Array> {
  const opened: { readonly data: unknown } = await decrypt({
    message: await readMessage({ binaryMessage: message }),
    decryptionKeys: recipient,
    verificationKeys: signer,
    expectSigned: true,
    format: 'binary',
  });
  return opened.data as Uint8Array;
}

export async function sealAlone(document: Uint8Array, { signer, recipient }: Parties): Promise<Uint8Array> {
  const sealed: unknown = await encrypt({
    message: await createMessage({ binary: document }),
    signingKeys: signer,
    encryptionKeys: recipient,
    format: 'binary',
  });
  return sealed as Uint8Array;
}
