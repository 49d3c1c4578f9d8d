import type { FaultCode } from '../../shared/runtime/fault-codes.ts';
import { toFault, type Fault } from '../../shared/runtime/faults.ts';
import { canary } from './documents.ts';
import { Finding, type Input, type Kind } from './input.ts';

/** How an input ended: done, or refused with a code; and what was wrong with that. */
export interface Verdict {
  readonly outcome: 'done' | FaultCode;
  readonly finding?: { readonly what: string; readonly message: string };
}

/** Longer than any reason that somebody would read. */
const maxDetail = 16 * 1024;

export async function verdictOf(kind: Kind, input: Input): Promise<Verdict> {
  try {
    await kind.run(input);
    return { outcome: 'done' };
  } catch (thrown) {
    if (thrown instanceof Finding) {
      return { outcome: 'BUG', finding: { what: thrown.what, message: thrown.message } };
    }
    const fault = toFault(thrown);
    const finding = wrongWith(kind, fault);
    return { outcome: fault.code, ...(finding && { finding }) };
  }
}

function wrongWith(kind: Kind, fault: Fault): Verdict['finding'] {
  const { code, detail } = fault;
  const rightClass = fault.class === 'permanent' || kind.mayWait.includes(code);
  if (!rightClass) return { what: `class ${fault.class}`, message: `${fault.message}\n${stackOf(fault)}` };
  if (detail.length > maxDetail)
    return { what: 'long detail', message: `${code}: ${detail.slice(0, 500)} …` };
  // Line ends may be those of a name in the operator's own file.
  const strange = kind.maySay?.(code) === true ? /[^\P{Cc}\t\r\n]/u : /[^\P{Cc}\n]/u;
  if (strange.test(detail)) return { what: 'control character', message: JSON.stringify(fault.message) };
  if (kind.maySay?.(code) !== true && says(detail)) return { what: 'leak', message: fault.message };
  return undefined;
}

/** The name of a property that is not known is said, and rightly: it is no value. */
const says = (detail: string): boolean =>
  detail
    .replaceAll(/\("(?:[^"\\]|\\.)*"\)/g, '')
    .toUpperCase()
    .includes(canary);

const stackOf = ({ cause, stack }: Fault): string =>
  (cause instanceof Error ? cause.stack : undefined) ?? stack ?? 'no stack';
