/** Shown in the place of a character that no text of the store can have. */
const substitute = '\u2400';

/**
 * Values as both engines take them. PostgreSQL has no texts with NUL (postgresql.org/docs/current/datatype-character.html),
 * SQLite has, and shows them cut off. Documents with NUL are refused when they are read; what is left are texts of others in
 * which nothing depends on it, such as messages and search words.
 */
export function storable(parameters: readonly unknown[]): readonly unknown[] {
  return parameters.some(hasNul) ? parameters.map(withoutNul) : parameters;
}

const hasNul = (value: unknown): value is string => typeof value === 'string' && value.includes('\0');

const withoutNul = (value: unknown): unknown => (hasNul(value) ? value.replaceAll('\0', substitute) : value);
