/** The header Content-Digest (RFC 9530): what the sender knows of the bytes, for the receiver to compare. Pure. */

/** @param digest SHA-256, hex */
export const contentDigest = (digest: string): string =>
  `sha-256=:${Buffer.from(digest, 'hex').toString('base64')}:`;

/**
 * The SHA-256 that a header names, hex; undefined when it names none, since other digests may be passed over. It is a
 * dictionary of byte sequences (RFC 9651, 3.2); of two with the same key the last counts.
 *
 * @returns null when there is one that cannot be read
 */
export function sha256Of(header: string): string | null | undefined {
  const value = header
    .split(',')
    .map((member) => /^\s*sha-256=(.*?)\s*$/.exec(member)?.[1])
    .findLast((found) => found !== undefined);
  if (value === undefined) return undefined;
  const base64 = /^:([A-Za-z0-9+/]{43}=):$/.exec(value)?.[1];
  return base64 === undefined ? null : Buffer.from(base64, 'base64').toString('hex');
}
