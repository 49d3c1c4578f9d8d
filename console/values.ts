import { Fault } from '../shared/runtime/faults.ts';

/** Fields that came with a request: each is asked for by name, and is what it should be or refused. */
export class Values {
  readonly #values: ReadonlyMap<string, string>;

  /** A name that comes twice is refused when it is asked for: it could be read in two ways. */
  constructor(given: unknown) {
    const entries = typeof given === 'object' && given !== null ? Object.entries(given) : [];
    this.#values = new Map(
      entries.map(([name, value]: [string, unknown]) => [name, typeof value === 'string' ? value : '\0']),
    );
  }

  /** Text of one line that is not empty. @throws Fault BAD_INPUT */
  text(name: string, longest = 200): string {
    const value = this.optional(name, longest);
    if (value === undefined) throw new Fault('BAD_INPUT', `${name} is needed`);
    return value;
  }

  /** Undefined when it is missing or empty; blanks around it do not count. @throws Fault BAD_INPUT */
  optional(name: string, longest = 200): string | undefined {
    const value = (this.#values.get(name) ?? '').trim();
    if (/\p{Cc}/u.test(value)) throw new Fault('BAD_INPUT', `${name} must be one line of text`);
    if (value.length > longest) throw new Fault('BAD_INPUT', `${name} is longer than ${longest} characters`);
    return value === '' ? undefined : value;
  }

  /** As it was typed, blanks and all. @throws Fault BAD_INPUT */
  secret(name: string, longest = 1024): string {
    const value = this.#values.get(name) ?? '';
    if (value === '\0' || value.length > longest) throw new Fault('BAD_INPUT', `${name} is not valid`);
    return value;
  }

  /** What stands behind the prefix in the names of the fields: `31` of a box `file.31` that was ticked. */
  behind(prefix: string): string[] {
    return [...this.#values.keys()].flatMap((name) =>
      name.startsWith(prefix) ? [name.slice(prefix.length)] : [],
    );
  }

  /** A whole number from 1. @throws Fault BAD_INPUT */
  number(name: string): number {
    const value = this.optionalNumber(name);
    if (value === undefined) throw new Fault('BAD_INPUT', `${name} is needed`);
    return value;
  }

  /** @throws Fault BAD_INPUT */
  optionalNumber(name: string): number | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    if (!/^[1-9]\d{0,14}$/.test(value)) throw new Fault('BAD_INPUT', `${name} must be a whole number from 1`);
    return Number(value);
  }

  /** @throws Fault BAD_INPUT */
  choice<const T extends string>(name: string, choices: readonly T[]): T {
    const value = this.optionalChoice(name, choices);
    if (value === undefined) throw new Fault('BAD_INPUT', `${name} is needed`);
    return value;
  }

  /** @throws Fault BAD_INPUT */
  optionalChoice<const T extends string>(name: string, choices: readonly T[]): T | undefined {
    const value = this.optional(name);
    const chosen = choices.find((choice) => choice === value);
    if (value !== undefined && chosen === undefined) {
      throw new Fault('BAD_INPUT', `${name} must be one of: ${choices.join(', ')}`);
    }
    return chosen;
  }
}
