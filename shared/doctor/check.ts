import type { Fault } from '../runtime/faults.ts';

/** What the doctor says of one thing. */
export type Verdict = 'ok' | 'warning' | 'wrong' | 'not checked';

/** The groups, in the order in which they are shown. */
export const groups = [
  'Program',
  'Host',
  'Configuration',
  'Store',
  'Spool',
  'Disks',
  'Keys',
  'Servers',
  'Services',
] as const;
export type Group = (typeof groups)[number];

/** One thing that was looked at. */
export interface Check {
  readonly group: Group;
  readonly name: string;
  readonly verdict: Verdict;
  /** What was found; of what was not checked: why. One sentence or more. */
  readonly found: string;
  /** What to do about it; null where there is nothing to be done. */
  readonly action: string | null;
}

/** How the checks of one group are told. */
export interface Checks {
  readonly ok: (name: string, found: string) => Check;
  readonly warning: (name: string, found: string, action: string) => Check;
  readonly wrong: (name: string, found: string, action: string) => Check;
  readonly notChecked: (name: string, why: string, action?: string) => Check;
  /** A fault that was met. */
  readonly fault: (name: string, fault: Fault) => Check;
}

export function checksOf(group: Group): Checks {
  const check = (verdict: Verdict, name: string, found: string, action: string | null): Check => ({
    group,
    name,
    verdict,
    found,
    action,
  });
  return {
    ok: (name, found) => check('ok', name, found, null),
    warning: (name, found, action) => check('warning', name, found, action),
    wrong: (name, found, action) => check('wrong', name, found, action),
    notChecked: (name, why, action) => check('not checked', name, why, action ?? null),
    fault: (name, { code, detail, action }) => check('wrong', name, `${code}: ${detail}`, action),
  };
}
