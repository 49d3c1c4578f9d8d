import type { FaultCode } from '../../../shared/runtime/fault-codes.ts';
import type { DaemonName, TestInstallation } from '../../support/installation.ts';
import { orders } from '../fixtures.ts';
import { branch, dropAll, takeOut, tracesOf, type LooseFile, type Traces, type Trunk } from '../trunk.ts';

/** A daemon with work before it, in an installation at rest. */
export interface Stage {
  readonly name: string;
  readonly daemon: DaemonName;
  /** It is copied for each kill. */
  readonly template: TestInstallation;
  /** How the files in the daemon's inbox must end, by their names. */
  readonly ends: Readonly<Record<string, End>>;
  /** When the kill is over, something good comes along. */
  fresh(installation: TestInstallation): Promise<void>;
}

export type End = 'done' | FaultCode;
export type Ending = readonly [file: LooseFile, end: End];

export const endsOf = (endings: readonly Ending[]): Stage['ends'] =>
  Object.fromEntries(endings.map(([file, end]) => [file.name, end]));

export const filesOf = (endings: readonly Ending[]): LooseFile[] => endings.map(([file]) => file);

export const loose = (name: string, bytes: Uint8Array): LooseFile => ({ name, bytes });

export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** The trunk with further files beside its own; that of the fresh order comes later. */
export async function branchWithoutFresh(
  trunk: Trunk,
  inbox: string,
  beside: readonly Ending[],
  nameOf: (traces: Traces) => string,
): Promise<Pick<Stage, 'template' | 'fresh'>> {
  const template = await branch(trunk, inbox, filesOf(beside));
  const file = await takeOut(template, inbox, nameOf(await tracesOf(trunk, orders.fresh)));
  return { template, fresh: (installation) => dropAll(installation, inbox, [file]) };
}
