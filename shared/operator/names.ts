import { Fault } from '../runtime/faults.ts';

/** Of a user or a token: it can be typed, and read aloud. @throws Fault BAD_INPUT */
export function checkName(name: string): void {
  if (/^[a-z][a-z0-9._-]{1,31}$/.test(name)) return;
  throw new Fault(
    'BAD_INPUT',
    'a name has 2 to 32 small letters, digits, dots, underscores and hyphens, and begins with a letter',
  );
}
