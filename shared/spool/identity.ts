import type { InboxConfig } from '../runtime/config-schema.ts';

/**
 * What makes a file the same as another of its inbox: its digest, and its name where the inbox says so. A file that an
 * operator wants loaded although it is a duplicate gets an identity of its own, which takes nothing from the first one:
 * the same bytes are still known when they come again. Pure.
 */
export function identityOf(
  file: {
    readonly id: number;
    readonly name: string;
    readonly digest: string;
    readonly reload: number | null;
  },
  duplicate: InboxConfig['duplicate'],
): string {
  const identity = duplicate === 'content' ? file.digest : `${file.digest} ${file.name}`;
  return file.reload === 1 ? `${identity} reload ${file.id}` : identity;
}
